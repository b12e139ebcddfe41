"""A mail server that prints what arrives, one JSON object a line. Its one argument says how it behaves."""

import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

HOW = json.loads(sys.argv[1])


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    def __init__(self):
        self.data = list(HOW.get("data", []))

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in HOW.get("unknown", []):
            say({"refused": address})
            return f"550 no such mailbox: {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        say({
            "sender": envelope.mail_from,
            "receivers": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or HOW["tls"] == "tls",
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "headers": [[name, str(value)] for name, value in message.items()],
            "subject": message["Subject"],
            "id": message["Message-ID"],
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
        })
        return self.data.pop(0) if self.data else "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.password.decode() == HOW.get("password")
    say({"authenticated": right})
    return AuthResult(success=right, auth_data=data)


def session(handler, context):
    demands = HOW.get("password") is not None
    starttls = HOW["tls"] == "starttls"
    return SMTP(
        handler,
        hostname="mail.test",
        tls_context=context if starttls else None,
        require_starttls=starttls,
        authenticator=authenticate if demands else None,
        auth_required=demands,
        auth_require_tls=starttls,
    )


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if HOW["tls"] != "none":
        context.load_cert_chain(HOW["certificate"], HOW["key"])
    handler = Handler()
    listener = await asyncio.get_running_loop().create_server(
        lambda: session(handler, context), "127.0.0.1", 0, ssl=context if HOW["tls"] == "tls" else None
    )
    say({"port": listener.sockets[0].getsockname()[1]})
    await listener.serve_forever()


asyncio.run(main())
