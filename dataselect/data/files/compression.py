"""Compression by suffix: one table for what is read and what is written."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import RawIOBase
from typing import Protocol, cast

from dataselect.data.files.first_bytes import binary
from dataselect.errors import InputError, OptionError

_INPUT_BYTES = 512  # given to a decoder at once: zstd makes up to 16 MiB of that, xz 4
_GZIP_BYTES = 4096  # of which gzip makes 4 MiB at most
_OUTPUT_BYTES = 1 << 22  # taken at once from a decoder that can stop: bz2 makes 256 MiB of 200
_WINDOW = 1 << 31  # the longest that zstd itself reads
_XZ_MEMORY = _WINDOW + (1 << 28)  # a dictionary of that size, and what goes with it


class Stream(Protocol):
    """What compresses into a file; closing it writes the end, and leaves the file open."""

    def write(self, data: bytes | memoryview, /) -> object:
        """Take some bytes. Raises OSError."""

    def close(self) -> None:
        """Write what is held back. Raises OSError."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _StoppingDecoder(_Decoder, Protocol):
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


@dataclass(frozen=True)
class Compression:
    """One way to compress: how its data begin, what reads and what writes them.

    `stops`: whether the decoder can stop before it has given all that it could. `at_once`: how many
    bytes it is given.
    """

    suffix: str
    magic: bytes
    decoder: Callable[[], _Decoder]
    stream: Callable[[RawIOBase], Stream]
    stops: bool = False
    at_once: int = _INPUT_BYTES

    def decode(self, chunks: Iterator[bytes], source: str) -> Iterator[bytes]:
        """Yield what is in compressed chunks, 16 MiB at a time at most. Raises InputError."""
        decoder = self.decoder()
        for chunk in chunks:
            rest = chunk
            while rest := rest.lstrip(b"\0") if decoder.eof else rest:  # zeros may fill the end
                if decoder.eof:  # one file may hold several members
                    decoder = self.decoder()
                try:
                    yield from self._step(decoder, rest[: self.at_once])
                except Exception as error:  # each library has an exception of its own
                    raise self._refusal(source, error) from None
                rest = (decoder.unused_data if decoder.eof else b"") + rest[self.at_once :]
        if not decoder.eof:
            raise InputError(f"{source}: {self.suffix} data ends too early; make the file anew")

    def _step(self, decoder: _Decoder, data: bytes) -> Iterator[bytes]:
        if self.stops:
            yield from filter(None, _all_of(cast("_StoppingDecoder", decoder), data))
        elif found := decoder.decompress(data):
            yield found

    def _refusal(self, source: str, error: Exception) -> InputError:
        """What to say of data that a decoder refuses, which may well be sound."""
        words = str(error)
        if isinstance(error, MemoryError) or "not enough memory" in words:
            return InputError(
                f"{source}: too little memory to decompress it; decompress it before the pipe, "
                "or free some"
            )
        if "too much memory" in words or "usage limit" in words:
            return InputError(
                f"{source}: its {self.suffix} data refer back more than 2 GiB; compress it anew "
                "with a shorter window"
            )
        return InputError(f"{source}: corrupt {self.suffix} data ({words}); make the file anew")


def _all_of(decoder: _StoppingDecoder, data: bytes) -> Iterator[bytes]:
    """What a decoder makes of some bytes, in pieces."""
    yield decoder.decompress(data, _OUTPUT_BYTES)
    while not decoder.eof and not decoder.needs_input:
        yield decoder.decompress(b"", _OUTPUT_BYTES)


def _gzip_decoder() -> _Decoder:
    return zlib.decompressobj(wbits=31)


def _gzip_stream(target: RawIOBase) -> Stream:
    return gzip.GzipFile("", "wb", compresslevel=6, fileobj=target, mtime=0)


def _xz_decoder() -> _Decoder:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


def _xz_stream(target: RawIOBase) -> Stream:
    return lzma.LZMAFile(target, "wb")  # type: ignore[arg-type]  # it only writes


def _bz2_stream(target: RawIOBase) -> Stream:
    return bz2.BZ2File(target, "wb")


def _zstd_decoder() -> _Decoder:
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()


def _zstd_stream(target: RawIOBase) -> Stream:
    import zstandard

    compressor = zstandard.ZstdCompressor(write_checksum=True)
    return compressor.stream_writer(target, closefd=False)  # type: ignore[arg-type]  # as above


_KNOWN = (
    Compression(".gz", b"\x1f\x8b", _gzip_decoder, _gzip_stream, at_once=_GZIP_BYTES),
    Compression(".bz2", b"BZh", bz2.BZ2Decompressor, _bz2_stream, stops=True),
    Compression(".xz", b"\xfd7zXZ\0", _xz_decoder, _xz_stream, stops=True),
    Compression(".zst", b"\x28\xb5\x2f\xfd", _zstd_decoder, _zstd_stream),
)
COMPRESSIONS = {each.suffix: each for each in _KNOWN}
"""What is read and written, by suffix. What is written has no name and no time in it."""

_CONTAINERS = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "RAR",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\x1f\x9d": "compress (.Z)",
    b"LZIP": "lzip",
}
"""How files begin that are not read."""

_NEVER_WRITTEN = {
    *(".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar", ".zip", ".7z", ".rar", ".jar"),
    *(".gzip", ".bz", ".bzip2", ".zstd", ".lzma", ".z", ".lz", ".lz4", ".lzo", ".br", ".sz"),
    *(".snappy", ".parquet", ".pq"),
}
"""Endings that promise a compression or a container that no output has."""

_TABLES = {".arrow", ".feather", ".avro", ".orc", ".xls", ".xlsx", ".ods"}
"""Endings of tables that are not written."""


def ending(path: str) -> str:
    """The suffix of a path, in small letters."""
    return os.path.splitext(path)[1].lower()


def of_path(path: str) -> Compression | None:
    """The compression that a path's name promises, in letters of either case, if any."""
    return COMPRESSIONS.get(ending(path))


def described(first: bytes) -> str | None:
    """What the first bytes of a file show that is not to be read as it is, and what to do."""
    for each in _KNOWN:
        if first.startswith(each.magic):
            name = each.suffix
            return f"{name} data; name the file *{name}, or decompress it before the pipe"
    for magic, name in _CONTAINERS.items():
        if first.startswith(magic):
            return f"{name} data; unpack it before the pipe"
    return binary(first)


def refuse_unwritten(path: str) -> None:
    """Raise OptionError for a file whose name promises what is never written."""
    found = ending(path)
    if found in _TABLES:
        raise OptionError(f"{path}: {found} files are not written; write .csv or .parquet")
    if found in _NEVER_WRITTEN:
        raise OptionError(
            f"{path}: {found} files are not written; end the name in .gz, .bz2, .xz or .zst to "
            "compress it, or in none of them"
        )


def refuse_compressed(path: str, what: str) -> None:
    """Raise OptionError for a folder whose name is that of a compressed file; `what` it is."""
    refuse_unwritten(path)
    if of_path(path) is not None:
        raise OptionError(f"{path}: {what} is not compressed; name it without {ending(path)}")
