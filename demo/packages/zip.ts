import { crc32 } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly content: Buffer
}

/** 1980-01-01, the first day a zip can name: the same entries always give the same bytes. */
const DOS_DATE = 0x21
const VERSION_NEEDED = 20
const MADE_BY_UNIX = (3 << 8) | VERSION_NEEDED
/** A plain file, rw-r--r--. */
const UNIX_MODE = 0o100644

/**
 * A zip of stored (uncompressed) entries, deterministic byte for byte.
 *
 * @param entries names in ASCII; fewer than 65,536 of them and less than 4 GiB together (no zip64)
 * @see APPNOTE.TXT 6.3.10, 4.3.7, 4.3.12, 4.3.16
 */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const entry of entries) {
    const local = localHeader(entry)
    directory.push(directoryHeader(entry, offset))
    files.push(local, entry.content)
    offset += local.length + entry.content.length
  }
  const directoryBytes = Buffer.concat(directory)
  return Buffer.concat([
    ...files,
    directoryBytes,
    endOfDirectory({ count: entries.length, offset, size: directoryBytes.length }),
  ])
}

/** The part that both headers share: versions to lengths of the names. */
function commonFields(entry: ZipEntry): Buffer {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(VERSION_NEEDED, 0)
  fields.writeUInt16LE(DOS_DATE, 8)
  fields.writeUInt32LE(crc32(entry.content), 10)
  fields.writeUInt32LE(entry.content.length, 14)
  fields.writeUInt32LE(entry.content.length, 18)
  fields.writeUInt16LE(Buffer.byteLength(entry.name), 22)
  return fields
}

function localHeader(entry: ZipEntry): Buffer {
  return Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), commonFields(entry), Buffer.from(entry.name)])
}

function directoryHeader(entry: ZipEntry, offset: number): Buffer {
  const head = Buffer.alloc(6)
  head.write('PK\x01\x02', 'latin1')
  head.writeUInt16LE(MADE_BY_UNIX, 4)
  const tail = Buffer.alloc(14)
  tail.writeUInt32LE(UNIX_MODE * 0x10000, 6)
  tail.writeUInt32LE(offset, 10)
  return Buffer.concat([head, commonFields(entry), tail, Buffer.from(entry.name)])
}

function endOfDirectory(directory: { readonly count: number; readonly offset: number; readonly size: number }): Buffer {
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(directory.count, 8)
  end.writeUInt16LE(directory.count, 10)
  end.writeUInt32LE(directory.size, 12)
  end.writeUInt32LE(directory.offset, 16)
  return end
}
