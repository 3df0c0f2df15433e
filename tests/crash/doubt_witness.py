"""Writes down every change of the number of segments in doubt, so that a short-lived one is not overlooked.

It stands in the database of the run: triggers of the test's own, which note how many segments each statement
put in doubt or took out again.
"""

from heliograph.storage.database import Connection

_SETUP = """
CREATE TABLE doubt_witness (number bigserial PRIMARY KEY, change integer NOT NULL);
CREATE FUNCTION witness_doubt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO heliograph.doubt_witness (change)
    SELECT count(*) * CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END FROM changed HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER put_in_doubt AFTER INSERT ON in_doubt REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION witness_doubt();
CREATE TRIGGER taken_out AFTER DELETE ON in_doubt REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION witness_doubt();
"""

_MOST = "SELECT coalesce(max(change), 0) FROM doubt_witness"


async def place_witness(connection: Connection) -> None:
    """Begin to watch; the connection is the owner's of the tables."""
    await connection.execute(_SETUP)


async def most_in_doubt(connection: Connection) -> int:
    """The most segments that were put in doubt at once: by one crash, one lost link."""
    most: int = await connection.fetchval(_MOST)
    return most
