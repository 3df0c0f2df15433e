-- A setting that is null stays as it is; the revision makes links take the change up.
UPDATE carrier
SET host = coalesce($2, host),
    port = coalesce($3, port),
    system_id = coalesce($4, system_id),
    sealed_password = coalesce($5, sealed_password),
    bind_mode = coalesce($6, bind_mode),
    bind_count = coalesce($7, bind_count),
    tls = coalesce($8, tls),
    profile = coalesce($9, profile),
    enabled = coalesce($10, enabled),
    revision = revision + 1
WHERE carrier_id = $1
RETURNING revision
