import os
import re
from operator import attrgetter
from pathlib import Path

import pytest

from heliograph.settings import Settings, SettingsError, list_settings, load_settings

KEY = "0123456789abcdef" * 4


def load(tmp_path: Path, toml: str = "", **environment: str) -> Settings:
    config = tmp_path / "heliograph.toml"
    config.write_text(toml)
    return load_settings(config, environment)


def test_the_defaults_are_the_embedded_laptop() -> None:
    settings = load_settings(None, {})
    assert settings.is_embedded
    assert (settings.http.host, settings.public_url) == ("127.0.0.1", "http://127.0.0.1:8080")
    assert settings.loopback_reports_allowed
    assert settings.accounts.default_senders == ("iP1", "iP1sms")
    assert (settings.http.max_recipients, settings.http.max_body_bytes) == (100_000, 33_554_432)
    assert (settings.dispatch.lease_seconds, settings.receipts.wait_hours) == (15, 72)


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    toml = "[http]\nport = 1\nheader_seconds = 2\n"
    settings = load(tmp_path, toml, HELIOGRAPH_HTTP_PORT="3")
    assert (settings.http.port, settings.http.header_seconds, settings.http.request_seconds) == (3, 2, 30)


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    config = tmp_path / "named.toml"
    config.write_text('[accounts]\nnumber_prefix = "x-"\n')
    assert load_settings(None, {"HELIOGRAPH_CONFIG": str(config)}).accounts.number_prefix == "x-"


@pytest.mark.parametrize(
    ("variable", "text", "setting", "value"),
    [
        ("HELIOGRAPH_DATABASE_URL", "postgresql:///x", "database_url", "postgresql:///x"),
        (
            "HELIOGRAPH_HTTP_TRUSTED_PROXIES",
            "10.0.0.1, fd00::/8,",
            "http.trusted_proxies",
            ("10.0.0.1", "fd00::/8"),
        ),
        ("HELIOGRAPH_HTTP_TRUSTED_PROXIES", "", "http.trusted_proxies", ()),
        ("HELIOGRAPH_DISPATCH_LEASE_SECONDS", "0.005", "dispatch.lease_seconds", 0.005),
        ("HELIOGRAPH_REPORTS_LOOPBACK_ALLOWED", "false", "loopback_reports_allowed", False),
        ("HELIOGRAPH_REPORTS_LOOPBACK_ALLOWED", "true", "loopback_reports_allowed", True),
        ("HELIOGRAPH_LOG_LEVEL", "debug", "log.level", "debug"),
    ],
)
def test_a_variable_is_read_as_the_type_of_its_setting(
    variable: str, text: str, setting: str, value: object
) -> None:
    assert attrgetter(setting)(load_settings(None, {variable: text})) == value


@pytest.mark.parametrize(
    ("variable", "text", "complaint"),
    [
        ("HELIOGRAPH_HTTP_PORT", "many", "HELIOGRAPH_HTTP_PORT: Expected `int`"),
        ("HELIOGRAPH_HTTP_PORT", "70000", "HELIOGRAPH_HTTP_PORT: Expected `int` <= 65535"),
        ("HELIOGRAPH_DISPATCH_POLL_SECONDS", "0", "HELIOGRAPH_DISPATCH_POLL_SECONDS: Expected `float` > 0"),
        ("HELIOGRAPH_LOG_FORMAT", "xml", "HELIOGRAPH_LOG_FORMAT: Invalid enum value 'xml'"),
        ("HELIOGRAPH_HTTP_PROT", "80", "HELIOGRAPH_HTTP_PROT is no setting"),
        ("HELIOGRAPH_DATABASE_URL", "mysql://x", "HELIOGRAPH_DATABASE_URL must begin with postgresql://"),
        ("HELIOGRAPH_HTTP_PUBLIC_URL", "sms.example", "HELIOGRAPH_HTTP_PUBLIC_URL must begin with https://"),
        ("HELIOGRAPH_ACCOUNTS_COUNTRY", "UK", "HELIOGRAPH_ACCOUNTS_COUNTRY must be a country by its two"),
        ("HELIOGRAPH_ACCOUNTS_COUNTRY", "Sweden", "HELIOGRAPH_ACCOUNTS_COUNTRY: Expected `str` matching"),
        ("HELIOGRAPH_HTTP_TRUSTED_PROXIES", "*", "HELIOGRAPH_HTTP_TRUSTED_PROXIES must be addresses or"),
        ("HELIOGRAPH_HTTP_TRUSTED_PROXIES", "10.0.0.1, proxy", "HELIOGRAPH_HTTP_TRUSTED_PROXIES must be"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(complaint)}"):
        load_settings(None, {variable: text})


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[http]\nport = 'x'", "http.port: Expected `int`, got `str`"),
        ("[http]\nprot = 1", "Object contains unknown field `prot`"),
        ("colour = 1", "Object contains unknown field `colour`"),
        ("http = 1", "http: Expected `object`, got `int`"),
        ("[http", "Expected ']' at the end of a table declaration"),
    ],
)
def test_a_wrong_file_is_named_with_the_setting(tmp_path: Path, toml: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=f"heliograph\\.toml: .*{re.escape(complaint)}"):
        load(tmp_path, toml)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^/nowhere: No such file"):
        load_settings(Path("/nowhere"), {})


def test_what_kubernetes_adds_for_a_service_of_our_name_is_ignored() -> None:
    given = {
        "HELIOGRAPH_SERVICE_HOST": "10.0.0.1",
        "HELIOGRAPH_SERVICE_PORT_HTTP": "80",
        "HELIOGRAPH_PORT": "tcp://10.0.0.1:80",
        "HELIOGRAPH_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert load_settings(None, given) == Settings()


def test_with_a_database_of_its_own_nothing_of_the_laptop_is_left(tmp_path: Path) -> None:
    settings = load(tmp_path, 'database_url = "postgresql://u:pass@db/x"')
    assert not settings.is_embedded
    assert not settings.loopback_reports_allowed
    assert "pass" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("", "SE"),
        ("[accounts]\ncountry = 'DE'", "DE"),
        ('database_url = "postgresql://u:pass@db/x"', ""),
        ('database_url = "postgresql://u:pass@db/x"\n[accounts]\ncountry = "SE"', "SE"),
    ],
)
def test_a_zero_in_front_is_guessed_at_on_the_laptop_only(tmp_path: Path, text: str, country: str) -> None:
    assert load(tmp_path, text).country == country


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("", False),
        ('[http]\nhost = "localhost"', False),
        ('[http]\nhost = "0.0.0.0"', True),
        ('[http]\npublic_url = "https://sms.example.com"', True),
        ('database_url = "postgresql://u:pass@db/x"', True),
        ("[http]\noperator_second_factor = true", True),
        ('database_url = "postgresql://u:pass@db/x"\n[http]\noperator_second_factor = false', False),
    ],
)
def test_operators_need_a_second_factor_but_in_a_sandbox(tmp_path: Path, text: str, needed: bool) -> None:
    assert load(tmp_path, text).operators_need_second_factor is needed


def test_the_data_directory_depends_on_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert Settings().data_path == Path("/var/lib/heliograph")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/x/data")
    assert Settings().data_path == Path("/home/x/data/heliograph")
    assert Settings(data_dir="/elsewhere").data_path == Path("/elsewhere")


MAIL = {
    "HELIOGRAPH_MAIL_HOST": "mail.example.com",
    "HELIOGRAPH_MAIL_FROM_ADDRESS": "portal@example.com",
    "HELIOGRAPH_HTTP_PUBLIC_URL": "https://sms.example.com",
}


def test_mail_is_off_until_its_host_is_set_and_hides_its_password(tmp_path: Path) -> None:
    assert load(tmp_path).mail.host == ""
    settings = load(
        tmp_path, '[mail]\nuser = "portal"\nsecurity = "tls"\n', HELIOGRAPH_MAIL_PASSWORD="hidden", **MAIL
    )
    assert (settings.mail.security, settings.mail.password) == ("tls", "hidden")
    assert "hidden" not in repr(list_settings(settings))
    assert ("mail.password", "(set)") in [(line.name, line.value) for line in list_settings(settings)]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"HELIOGRAPH_MAIL_FROM_ADDRESS": ""}, "MAIL_FROM_ADDRESS must be an address"),
        ({"HELIOGRAPH_MAIL_FROM_ADDRESS": "a@b.se\r\nBcc: c@d.se"}, "MAIL_FROM_ADDRESS must be an address"),
        ({"HELIOGRAPH_MAIL_FROM_ADDRESS": "åsa@example.com"}, "MAIL_FROM_ADDRESS must be an address"),
        ({"HELIOGRAPH_HTTP_PUBLIC_URL": ""}, "MAIL_HOST needs HELIOGRAPH_HTTP_PUBLIC_URL"),
        ({"HELIOGRAPH_MAIL_USER": "portal"}, "MAIL_PASSWORD needs HELIOGRAPH_MAIL_USER"),
        ({"HELIOGRAPH_MAIL_PASSWORD": "x"}, "MAIL_PASSWORD needs HELIOGRAPH_MAIL_USER"),
        (
            {
                "HELIOGRAPH_MAIL_SECURITY": "none",
                "HELIOGRAPH_MAIL_USER": "portal",
                "HELIOGRAPH_MAIL_PASSWORD": "x",
            },
            "MAIL_SECURITY none would show HELIOGRAPH_MAIL_PASSWORD",
        ),
        ({"HELIOGRAPH_MAIL_SECURITY": "ssl"}, "HELIOGRAPH_MAIL_SECURITY"),
        ({"HELIOGRAPH_MAIL_TIMEOUT_SECONDS": "0"}, "HELIOGRAPH_MAIL_TIMEOUT_SECONDS"),
    ],
)
def test_mail_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, changes: dict[str, str], fault: str
) -> None:
    with pytest.raises(SettingsError, match=fault):
        load(tmp_path, **MAIL | changes)
