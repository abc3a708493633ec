"""KEDA's side of the external scaler, written from its field numbers alone: no proto file, no generated code.

    keda_client.py [OPTIONS] HOST:PORT METHOD [KEY=VALUE...]

METHOD is IsActive, StreamIsActive, GetMetricSpec, GetMetrics or StreamMetricSpec; KEY=VALUE is the metadata of the
trigger. Prints one JSON object a message, and ends with 0. A refusal is printed as {"code": ..., "message": ...}, and
ends with 1. GetMetrics asks for the name in GetMetricSpec first, as KEDA does, unless --metric-name is given.

Needs grpcio.
"""

import argparse
import json
import pathlib
import struct
import sys

import grpc


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(field, payload):
    """A field of wire type 2: a text or a message."""
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def text(field, value):
    return delimited(field, value.encode()) if value else b""


def scaled_object_ref(name, namespace, metadata):
    entries = (delimited(3, text(1, key) + text(2, value)) for key, value in metadata)
    return text(1, name) + text(2, namespace) + b"".join(entries)


def fields(message):
    """Every field of a message: number, and a number, a double or bytes."""

    def read_varint(at):
        number = shift = 0
        while True:
            byte = message[at]
            number |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return number, at

    at = 0
    while at < len(message):
        key, at = read_varint(at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = read_varint(at)
            if value >= 1 << 63:
                value -= 1 << 64
        elif kind == 1:
            value, at = struct.unpack_from("<d", message, at)[0], at + 8
        elif kind == 2:
            length, at = read_varint(at)
            value, at = message[at : at + length], at + length
            if len(value) != length:
                raise ValueError("a field ends beyond its message")
        else:
            raise ValueError(f"wire type {kind} is not in this interface")
        yield number, value


def is_active_response(message):
    return {"result": bool(dict(fields(message)).get(1, 0))}


def named_numbers(repeated, whole, exact):
    """A list under field 1 of messages of a name, an int64 and a double."""

    def decode(message):
        entries = []
        for number, payload in fields(message):
            if number != 1:
                raise ValueError(f"field {number} is not in this message")
            entry = dict(fields(payload))
            entries.append(
                {"metricName": entry.get(1, b"").decode(), whole: entry.get(2, 0), exact: entry.get(3, 0.0)}
            )
        return {repeated: entries}

    return decode


spec_response = named_numbers("metricSpecs", "targetSize", "targetSizeFloat")
METHODS = {
    "IsActive": is_active_response,
    "StreamIsActive": is_active_response,
    "GetMetricSpec": spec_response,
    "StreamMetricSpec": spec_response,
    "GetMetrics": named_numbers("metricValues", "metricValue", "metricValueFloat"),
}


def channel(options):
    if not options.ca:
        return grpc.insecure_channel(options.address)

    def read(path):
        return pathlib.Path(path).read_bytes() if path else None

    credentials = grpc.ssl_channel_credentials(read(options.ca), read(options.key), read(options.cert))
    named = [("grpc.ssl_target_name_override", options.server_name)] if options.server_name else []
    return grpc.secure_channel(options.address, credentials, options=named)


def main():
    parser = argparse.ArgumentParser(description="KEDA's side of the external scaler, by field numbers")
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("metadata", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--ca", help="PEM of the CA that signed the server's certificate; turns TLS on")
    parser.add_argument("--cert", help="PEM of a client certificate")
    parser.add_argument("--key", help="PEM of its key")
    parser.add_argument("--server-name", help="name to expect in the server's certificate instead of HOST")
    parser.add_argument("--metric-name", help="name for GetMetrics")
    parser.add_argument("--frame", metavar="FILE", help="write the request with gRPC's prefix, for h2load, and end")
    parser.add_argument("--messages", type=int, default=1, help="end a stream after so many (default 1)")
    parser.add_argument("--timeout", type=float, default=10, help="seconds for each call (default 10)")
    options = parser.parse_args()
    metadata = [pair.partition("=")[::2] for pair in options.metadata]
    reference = scaled_object_ref("consumer", "orders", metadata)

    with channel(options) as connection:

        def call(method, request):
            streams = method.startswith("Stream")
            make = connection.unary_stream if streams else connection.unary_unary
            ask = make(
                f"/externalscaler.ExternalScaler/{method}",
                request_serializer=bytes,
                response_deserializer=METHODS[method],
            )
            answer = ask(request, timeout=options.timeout, wait_for_ready=False)
            return answer if streams else [answer]

        request = reference
        if options.method == "GetMetrics":
            name = options.metric_name
            if name is None:
                name = call("GetMetricSpec", reference)[0]["metricSpecs"][0]["metricName"]
            request = delimited(1, reference) + text(2, name)
        if options.frame:
            pathlib.Path(options.frame).write_bytes(b"\0" + len(request).to_bytes(4, "big") + request)
            return
        for count, answer in enumerate(call(options.method, request), 1):
            print(json.dumps(answer, ensure_ascii=False), flush=True)
            if count == options.messages:
                break


if __name__ == "__main__":
    try:
        main()
    except grpc.RpcError as refusal:
        print(json.dumps({"code": refusal.code().name, "message": refusal.details()}, ensure_ascii=False))
        sys.exit(1)
