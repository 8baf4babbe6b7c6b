// Where the server is: the environment's word, the same for clients and workers.
import { readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';

export const namespace = process.env.TEMPORAL_NAMESPACE ?? 'proptech-workflows';
/** The article's own name for it, odd as it is. */
export const taskQueue = process.env.TEMPORAL_TASK_QUEUE ?? '[property](/offer-check)-processing';

export interface ConnectionSettings {
  address: string;
  tls?: TLSConfig;
}

/** mTLS when the environment names a client's certificate. */
export function connectionSettings(): ConnectionSettings {
  const address = process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233';
  const { TEMPORAL_TLS_CERT: crt, TEMPORAL_TLS_KEY: key, TEMPORAL_TLS_CA: ca, TEMPORAL_TLS_SERVER_NAME: serverName } = process.env;
  if (!crt || !key || !ca) return { address };
  return {
    address,
    tls: {
      clientCertPair: { crt: readFileSync(crt), key: readFileSync(key) },
      serverNameOverride: serverName,
      serverRootCACertificate: readFileSync(ca),
    },
  };
}
