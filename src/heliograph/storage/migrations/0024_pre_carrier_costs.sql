-- What carriers take for a segment, and where a price list earns too little for it.

ALTER TABLE carrier ADD COLUMN cost_currency text CHECK (cost_currency ~ '^[A-Z]{3}$'); -- null: its costs are unknown

CREATE TABLE carrier_cost (
    carrier_id integer NOT NULL,
    prefix     text NOT NULL CHECK (prefix ~ '^[0-9]{0,15}$'),
    amount     bigint NOT NULL CHECK (amount >= 0),           -- for one segment
    PRIMARY KEY (carrier_id, prefix)
);

-- The worst price of each list for each carrier, as the keeper found it last; none where all earn enough.
CREATE TABLE thin_margin (
    carrier_id    integer NOT NULL,
    price_list_id integer NOT NULL,
    prefix        text NOT NULL,
    price         bigint NOT NULL,
    cost          bigint NOT NULL,
    prefixes      integer NOT NULL,                           -- how many there are
    PRIMARY KEY (carrier_id, price_list_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['carrier_cost', 'thin_margin']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliograph_engine', name);
    END LOOP;
END $$;
