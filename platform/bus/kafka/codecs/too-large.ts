/** Compressed bytes that would become more than this process takes: a mistake, or meant to fill its memory. */
export class DecompressedTooLarge extends Error {
  constructor(bytes_max: number) {
    super(`more than kafka.decompressed_bytes_max (${bytes_max}) bytes when decompressed`);
    this.name = 'DecompressedTooLarge';
  }
}
