"""Where webhooks may go: in production over HTTPS to public addresses only, never into our own network."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpx

from shared.errors import BodyInvalid, Text

Address = IPv4Address | IPv6Address

TRANSLATED = ip_network("64:ff9b::/96")
"""NAT64: an IPv4 address in IPv6 clothes (RFC 6052)."""


class AddressRefused(httpx.TransportError):
    """The host of a webhook leads to an address where nothing may be sent."""


def check_address(url: str, *, is_production: bool) -> None:
    """Refuse a webhook address at registration. Raises BodyInvalid."""
    if any(sign <= " " or sign == "\x7f" for sign in url):
        raise _refused("地址含有空白或者控制字符", "The address holds white space or control characters")
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or ""), parts.port
    except ValueError as broken:
        raise _refused("地址无法解读", "The address cannot be read") from broken
    if not _can_be_looked_up(url):
        raise _refused("主机名格式有误", "The host's name is malformed")
    if not host or parts.username is not None or parts.fragment:
        raise _refused("地址须含主机名，且不含账号或片段", "An address names a host, no account and no fragment")
    if parts.scheme == "https" and not (is_production and _is_inward_name(host)):
        return
    if not is_production and parts.scheme == "http" and _is_loopback_name(host):
        return
    raise _refused(
        "推送地址须为公网 HTTPS 地址（开发环境可用本机 HTTP）",
        "Webhooks go to public HTTPS addresses (in development, also to HTTP on this machine)",
    )


def _can_be_looked_up(url: str) -> bool:
    """Whether a host's name can be looked up at all: parts of at most 63 bytes, none empty (RFC 1035), readable."""
    try:
        httpx.URL(url).raw_host.decode().removesuffix(".").encode("idna").decode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return False
    return True


def is_public(address: Address) -> bool:
    """Whether an address lies in the public network, also behind IPv6 forms that carry an IPv4 address."""
    if isinstance(address, IPv6Address):
        if address in TRANSLATED:
            return is_public(IPv4Address(address.packed[-4:]))
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def resolve(host: str, port: int) -> str:
    """Return the address to connect to. Raises AddressRefused when any address of the host is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as unknown:
        raise httpx.ConnectError(f"{host}: {unknown}") from unknown
    addresses = [str(entry[4][0]) for entry in found]
    inward = [address for address in addresses if not is_public(ip_address(address.partition("%")[0]))]
    if inward or not addresses:
        raise AddressRefused(f"{host} leads to {', '.join(inward) or 'nowhere'}")
    return addresses[0]


class PinnedTransport(httpx.BaseTransport):
    """Connects to the very address that was checked, so that a name cannot lead elsewhere a moment later.

    No connection is kept: two hosts on one address must each show their own certificate.
    """

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises AddressRefused."""
        host = request.url.host
        if request.url.scheme != "https":
            raise AddressRefused("webhooks go over HTTPS only")
        address = resolve(host, request.url.port or 443)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Give the connections back."""
        self._inner.close()


def client(*, is_production: bool) -> httpx.Client:
    """Return the client that pushes: pinned to checked addresses in production, no redirects, no proxies."""
    if is_production:
        return httpx.Client(transport=PinnedTransport(), trust_env=False)
    return httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=16))


def _is_loopback_name(host: str) -> bool:
    if host == "localhost":
        return True
    literal = _literal(host)
    return literal is not None and literal.is_loopback


def _is_inward_name(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or "." not in host.strip("."):
        literal = _literal(host)
        return literal is None or not is_public(literal)
    literal = _literal(host)
    return literal is not None and not is_public(literal)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refused(zh: str, en: str) -> BodyInvalid:
    message = Text(zh, en)
    return BodyInvalid(message, errors=[{"field": "url", "code": "address_refused", "message": message}])
