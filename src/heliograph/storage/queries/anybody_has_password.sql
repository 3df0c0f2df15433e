-- Whether there is somebody who signs in with a password.
SELECT EXISTS (SELECT FROM portal_user WHERE password_hash IS NOT NULL)
