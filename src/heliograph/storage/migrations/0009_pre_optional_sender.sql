-- Whether an account may use senders of its own, or only those that the installation gives to everybody.
ALTER TABLE account ADD COLUMN optional_sender boolean NOT NULL DEFAULT true;
