// Who has no certificate, or the wrong name for the server, does not get in.
import { Connection } from '@temporalio/client';
import { connectionSettings } from '../settings';
import { expect } from './driver';

async function isRefused(settings: Parameters<typeof Connection.connect>[0]): Promise<boolean> {
  try {
    const connection = await Connection.connect({ ...settings, connectTimeout: '3s' });
    await connection.close();
    return false;
  } catch {
    return true;
  }
}

export async function mtls(): Promise<string> {
  const { address, tls } = connectionSettings();
  if (!tls) return 'not asked for';
  expect('refused without a certificate', await isRefused({ address, tls: { ...tls, clientCertPair: undefined } }), true);
  expect('refused under another name', await isRefused({ address, tls: { ...tls, serverNameOverride: 'elsewhere' } }), true);
  expect('refused without TLS', await isRefused({ address, tls: false }), true);
  return "everything above went over it; without a certificate, or under another name, nobody gets in";
}
