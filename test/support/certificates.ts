import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files of an authority and of what it signed. */
export interface Certificates {
  readonly ca: string;
  /** For the name `localhost`, and for no address. */
  readonly server: KeyPair;
  readonly client: KeyPair;
}

export interface KeyPair {
  readonly cert: string;
  /** PKCS#8. */
  readonly key: string;
}

/** Makes an authority of its own in `folder` with the openssl program; `name` tells its files from others there. */
export function makeCertificates(folder: string, name: string): Certificates {
  const at = (file: string) => join(folder, `${name}-${file}`);
  const ca = { cert: at('ca.pem'), key: at('ca.key') };
  openssl([...NEW_KEY, '-x509', '-days', '2', '-subj', `/CN=${name} authority`], ca);
  const signed = (who: string, extensions: readonly string[]): KeyPair => {
    const own = { cert: at(`${who}.pem`), key: at(`${who}.key`) };
    const request = at(`${who}.csr`);
    const extras = at(`${who}.ext`);
    writeFileSync(extras, `${extensions.join('\n')}\n`);
    openssl([...NEW_KEY, '-subj', `/CN=${who}`], { cert: request, key: own.key });
    const by = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-days', '2', '-extfile', extras];
    execFileSync('openssl', ['x509', '-req', '-in', request, ...by, '-out', own.cert], { stdio: 'pipe' });
    return own;
  };
  return {
    ca: ca.cert,
    server: signed('server', ['subjectAltName=DNS:localhost', 'extendedKeyUsage=serverAuth']),
    client: signed('client', ['extendedKeyUsage=clientAuth']),
  };
}

const NEW_KEY = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function openssl(args: readonly string[], to: KeyPair): void {
  execFileSync('openssl', [...args, '-keyout', to.key, '-out', to.cert], { stdio: 'pipe' });
}
