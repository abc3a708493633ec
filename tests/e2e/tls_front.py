"""TLS in front of plain servers, as a cloud's endpoints have it: python3 tls_front.py CERT KEY LISTEN=TARGET..."""

import asyncio
import ssl
import sys


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def to(target):
    host, port = target.rsplit(":", 1)

    async def connected(reader, writer):
        try:
            inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    return connected


async def main(certificate, key, pairs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    servers = []
    for pair in pairs:
        listen, target = pair.split("=")
        host, port = listen.rsplit(":", 1)
        servers.append(await asyncio.start_server(to(target), host, int(port), ssl=context))
    print("listening", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
