-- One user is made at a time: the next id is the highest plus one. Readers are not held up.
LOCK TABLE portal_user IN SHARE ROW EXCLUSIVE MODE
