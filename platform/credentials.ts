import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file with a password, a certificate or a key that is not what a setting says. Names the setting, never what is in it. */
export class CredentialsUnusable extends Error {
  readonly place: string;
  readonly problem: string;
  readonly mend: string;
  constructor(place: string, problem: string, mend: string) {
    super(`${place}: ${problem}. ${mend}`);
    this.name = 'CredentialsUnusable';
    this.place = place;
    this.problem = problem;
    this.mend = mend;
  }
}

export interface PasswordSource {
  readonly password: string | null;
  /** File with the password and at most a line end behind it, as secrets are mounted into containers. */
  readonly password_file: string | null;
}

/**
 * The password as it is now: a file is read each time, so that one that is replaced counts from the next connection on.
 * Null when there is none. Throws CredentialsUnusable; `section` is where the settings are (`kafka.sasl`).
 */
export function passwordOf({ password, password_file }: PasswordSource, section: string): string | null {
  if (password_file === null) return password;
  const place = `${section}.password_file`;
  const text = readText(password_file, place).replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new CredentialsUnusable(place, `${password_file} is empty`, 'Put the password in it.');
}

export interface TlsFiles {
  /** PEM: the authorities that may have signed the other side's certificate; null: those that Node knows. */
  readonly ca_file: string | null;
  /** PEM: the certificate that this process shows, and those between it and its authority. */
  readonly cert_file: string | null;
  /** PEM: its private key, without a passphrase. */
  readonly key_file: string | null;
}

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What is in the files now. Throws CredentialsUnusable where that could not be used for a connection. */
export function readTlsFiles({ ca_file, cert_file, key_file }: TlsFiles, section: string): TlsMaterial {
  const ca = ca_file === null ? {} : { ca: readCertificates(ca_file, `${section}.ca_file`).text };
  if (cert_file === null || key_file === null) return ca;
  const { text: cert, first } = readCertificates(cert_file, `${section}.cert_file`);
  const place = `${section}.key_file`;
  const key = readText(key_file, place);
  if (first.checkPrivateKey(privateKey(key, key_file, place))) return { ...ca, cert, key };
  const problem = `${key_file} is not the key of the certificate in ${cert_file}`;
  throw new CredentialsUnusable(place, problem, 'Give the two that belong together.');
}

function readText(file: string, place: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    const mend = 'Check that the path is there and that this user may read it.';
    throw new CredentialsUnusable(place, `${file} cannot be read (${code})`, mend);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All of them, and the first, of which whoever shows them has the key. TLS itself passes over what is no certificate. */
function readCertificates(file: string, place: string): { text: string; first: X509Certificate } {
  const text = readText(file, place);
  try {
    const [first] = (text.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one));
    if (first !== undefined) return { text, first };
  } catch {
    // said below
  }
  const mend =
    'Take PEM out of a Java store with `keytool -exportcert -rfc`, out of PKCS#12 with `openssl pkcs12 -nokeys`.';
  throw new CredentialsUnusable(place, `${file} does not hold certificates in PEM`, mend);
}

function privateKey(text: string, file: string, place: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    const isLocked = text.includes('ENCRYPTED');
    const problem = isLocked ? `${file} has a passphrase` : `${file} does not hold a private key in PEM`;
    const mend = isLocked
      ? 'Take it off with `openssl pkey -in FILE -out FILE`, and let only this user read the file.'
      : 'Take PEM out of PKCS#12 with `openssl pkcs12 -nocerts -nodes`.';
    throw new CredentialsUnusable(place, problem, mend);
  }
}
