"""What an operator can set: `TRACKER_*` in the environment, then `tracker.toml`, then defaults.

`tracker.toml` lies in the data directory and holds the same names in lower case
without the prefix. Command line options go before both. The README's table of
settings is checked against `Settings`.
"""

import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tracker.access import Role
from tracker.errors import InvalidInput, NotReady
from tracker.public_url import checked_public_url

PREFIX: Final = "TRACKER_"
DEFAULT_DATA: Final = Path("data")
FILE_NAME: Final = "tracker.toml"
CONTROL: Final = "control.db"
PRIVATE_UMASK: Final = 0o077
HOME_OF_BINARY: Final = f"{PREFIX}HOME"  # read by the single binary's launcher alone


class Settings(BaseSettings):
    """Every setting, checked. Build it with `load_settings`, whose errors speak to people."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data: Path = Field(DEFAULT_DATA, description="Directory of all files that the service writes")
    host: str = Field("127.0.0.1", min_length=1, description="Address that the service listens on")
    port: int = Field(8000, ge=0, le=65535, description="Port that the service listens on")
    public_url: str = Field(
        "", description="Address at which others reach it, such as https://tracker.example.org"
    )
    signing_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Comma-separated signing secrets, besides those of `tracker secret`"
    )
    max_body_bytes: int = Field(
        1024 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="Largest webhook body that is accepted, in bytes; a larger one is answered 413",
    )
    delivery_retention_days: int = Field(
        90,
        ge=1,
        le=36_500,
        description="Days for which deliveries that were not simply accepted are listed",
    )
    retention_months: int = Field(
        0,
        ge=0,
        le=1200,
        description="Months after the last contact when a person is erased; 0 keeps everybody",
    )
    retention_limit: int = Field(
        100, ge=1, le=10_000, description="Most people whom one night's run erases"
    )
    compress_after_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days after which the bytes of an event are kept compressed; 0 never does",
    )
    proof_hour: int = Field(
        3, ge=0, le=23, description="Hour (UTC) at which the nightly proof rebuilds and compares"
    )
    nightly_backup: bool = Field(
        True, description="Whether a backup is made and proven restorable every night"
    )
    backup_hour: int = Field(
        2, ge=0, le=23, description="Hour (UTC) at which the nightly backup is made and proven"
    )
    backup_to: Path = Field(
        Path("backups"),
        description="Directory of the backups; a relative one lies in the data directory",
    )
    backup_keep_daily: int = Field(
        7, ge=1, le=3_660, description="Of how many days the newest backup is kept"
    )
    backup_keep_weekly: int = Field(
        4, ge=0, le=520, description="Of how many weeks the newest backup is kept"
    )
    backup_keep_monthly: int = Field(
        6, ge=0, le=120, description="Of how many months the newest backup is kept"
    )
    external_checkpoints: bool = Field(
        False, description="Leave the checkpoints of log.db to a replicator such as Litestream"
    )
    open_access: bool = Field(
        False, description="Nobody has to sign in; refused unless `host` is loopback"
    )
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = Field(
        (), description="Comma-separated addresses of proxies whose `X-Forwarded-…` count"
    )
    session_idle_minutes: int = Field(
        720, ge=1, le=525_600, description="Minutes without a request after which a session ends"
    )
    session_days: int = Field(
        14, ge=1, le=365, description="Days after which a session ends, however much it is used"
    )
    oidc_issuer: str = Field(
        "", description="Address of the OpenID Connect issuer to sign in with, if any"
    )
    oidc_client_id: str = Field("", description="What that issuer calls this service")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="The secret that the issuer gave to this service"
    )
    oidc_domain: str = Field(
        "", description="Anybody whose confirmed e-mail address is of this domain may come in"
    )
    oidc_role: Role = Field(
        Role.VIEWER, description="The role of those who come in by their domain"
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto", description="The service's own log lines: `auto` is text on a terminal, else JSON"
    )

    @field_validator("public_url")
    @classmethod
    def _reachable(cls, value: str) -> str:
        return checked_public_url(value) if value.strip() else ""

    @field_validator("signing_secrets", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, then the environment, then the file in the data directory that they name."""
        del dotenv_settings, file_secret_settings
        named = init_settings().get("data") or env_settings().get("data") or DEFAULT_DATA
        in_file = TomlConfigSettingsSource(settings_cls, Path(named) / FILE_NAME)
        if "data" in in_file():
            raise InvalidInput(
                f"{Path(named) / FILE_NAME}: data can't be set in a file that lies in it; "
                f"use --data or {PREFIX}DATA",
                "data",
            )
        return init_settings, env_settings, in_file

    @property
    def log_path(self) -> Path:
        """The log, the only truth."""
        return self.data / "log.db"

    @property
    def control_path(self) -> Path:
        """Signing secrets, people, tokens, results of jobs and the audit trail."""
        return self.data / CONTROL

    @property
    def backup_directory(self) -> Path:
        """Where backups lie."""
        return self.data / self.backup_to

    @property
    def secrets(self) -> tuple[str, ...]:
        """The signing secrets that were set, in clear."""
        return tuple(secret.get_secret_value() for secret in self.signing_secrets)

    @property
    def base_url(self) -> str:
        """Where this machine itself reaches the service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def address(self) -> str:
        """Where browsers reach the service, without a slash at the end."""
        return self.public_url or self.base_url

    @property
    def is_local(self) -> bool:
        """True while only this machine can reach the service."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def load_settings(data: Path | None = None, **overrides: Any) -> Settings:
    """The settings of a data directory; an override of None means "not given".

    Raises InvalidInput, which names the setting, its value and what it may be, and NotReady
    when the file in the data directory is another user's.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    if data is not None:
        given["data"] = data
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _invalid(error, given) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{FILE_NAME} can't be read as TOML: {error}") from None
    except PermissionError as error:
        raise NotReady(
            f"{error.filename} can't be read by this user; type it as its owner"
        ) from None


def prepare_data(settings: Settings) -> Path:
    """Make the data directory, readable by its owner only, and return it.

    Raises NotReady when it can't be made or written.
    """
    data = settings.data
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(
            f"The data directory {data} can't be made ({error.strerror}); name another with --data"
        ) from None
    if not os.access(data, os.W_OK | os.X_OK):
        raise NotReady(
            f"The data directory {data} can't be written by this user; name another with --data"
        )
    return data


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and are none, probably misspelt."""
    known = {HOME_OF_BINARY, *(f"{PREFIX}{name}".upper() for name in Settings.model_fields)}
    return sorted(
        name for name in environment if name.startswith(PREFIX) and name.upper() not in known
    )


def _invalid(error: ValidationError, given: Mapping[str, Any]) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        known = ", ".join(Settings.model_fields)
        return InvalidInput(f"{name!r} in {FILE_NAME} is not a setting; there are {known}", name)
    # A secret's value never reaches a terminal or a log.
    value = "" if name in {"signing_secrets", "oidc_client_secret"} else f" is {first['input']!r}:"
    reason = first["msg"].removeprefix("Value error, ")
    where = (
        f"--{name.replace('_', '-')}"
        if name in given
        else f"{PREFIX}{name.upper()} or {name} in {FILE_NAME}"
    )
    return InvalidInput(f"The setting {name}{value} {reason}. Correct {where}", name)
