-- One account is made at a time: the next number is the highest plus one. Readers are not held up.
LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE
