"""The sign of life to a monitoring service elsewhere: what it no longer hears, nobody here could tell."""

from urllib.parse import urljoin, urlsplit

import requests

#: Seconds for the whole of one request.
TIMEOUT = 10.0
#: Redirects that are followed, on the same host only.
REDIRECTS = 3


class NotHeard(Exception):
    """The sign did not arrive. The message names the host and neither path nor query: they are the secret."""


def beat(url: str) -> None:
    """One GET, without credentials. Raises NotHeard."""
    host = urlsplit(url).netloc
    try:
        with requests.Session() as session:
            session.auth = _nobody
            for _ in range(REDIRECTS + 1):
                with session.get(url, timeout=TIMEOUT, allow_redirects=False, stream=True) as answer:
                    if not answer.is_redirect:
                        if not answer.ok:
                            raise NotHeard(f"{host} answered {answer.status_code}")
                        return
                    url = _followed(url, urljoin(url, answer.headers["location"]), host)
    except requests.RequestException as error:
        raise NotHeard(f"{host} did not answer: {type(error).__name__}") from None
    raise NotHeard(f"{host} redirects in a circle")


def _followed(old: str, new: str, host: str) -> str:
    if urlsplit(new).netloc != host or urlsplit(new).scheme != urlsplit(old).scheme:
        raise NotHeard(f"{host} redirects to another place")
    return new


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials; without this, the library would look for some in the user's .netrc."""
    return request
