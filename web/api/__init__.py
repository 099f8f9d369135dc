"""The JSON API, described at `/api`."""

from web.api.schema import FAMILIES, api_page, openapi

API_HANDLERS = [*FAMILIES, openapi, api_page]
