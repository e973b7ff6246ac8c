/** What a ClickHouse server says of a failed request: number, text and HTTP status. */
export class ServerException extends Error {
  readonly code: number;
  readonly type: string;
  constructor(code: number, type: string, message: string) {
    super(message);
    this.name = 'ServerException';
    this.code = code;
    this.type = type;
  }
}

/** Status by exception number, as `exceptionCodeToHTTPStatus` of ClickHouse's src/Server/HTTPHandler.cpp has it. */
const STATUS: Readonly<Record<number, readonly number[]>> = {
  400: [
    6, 15, 16, 25, 26, 27, 36, 38, 41, 44, 53, 62, 66, 72, 117, 167, 168, 223, 239, 271, 321, 376, 427, 675,
    676,
  ],
  403: [192, 193, 516],
  404: [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 287, 291],
  408: [159],
  411: [381],
  413: [163],
  501: [48],
  503: [76, 209],
};

export function statusOf(code: number): number {
  for (const [status, codes] of Object.entries(STATUS)) if (codes.includes(code)) return Number(status);
  return 500;
}

/** An error of the engine (`Code: 60. DB::Exception: ... (UNKNOWN_TABLE)`) or of this server. */
export function exceptionOf(cause: unknown): ServerException {
  if (cause instanceof ServerException) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const match = /Code: (\d+)\. DB::Exception: ([\s\S]*?)\s*\(([A-Z0-9_]{3,})\)[^()]*$/.exec(text);
  if (match === null) return new ServerException(1001, 'STD_EXCEPTION', text);
  return new ServerException(Number(match[1]), match[3] ?? '', match[2] ?? '');
}

/** The body of the answer, as servers print it. */
export function printed({ code, message, type }: ServerException, version: string): string {
  return `Code: ${code}. DB::Exception: ${message} (${type}) (version ${version} (official build))\n`;
}
