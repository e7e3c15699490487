import { S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { SettingsChanged, SettingsMissing, SettingsStore } from '../../adapters/aws/settings-store.ts';
import { SettingsError } from '../../core/settings/problem.ts';
import { OneObject, status } from './one-object.ts';

const yaml = (max: number) =>
  `service: shop\nfleet: { max: ${max} }\nshards:\n  - { name: web, capacity: { perInstance: 100 } }\n`;

function stage() {
  const bucket = new OneObject('bucket', 'settings.yaml');
  return { bucket, store: () => new SettingsStore(bucket as never, 'bucket') };
}

describe('SettingsStore', () => {
  it('reads what is there, and its text again only when it has changed', async () => {
    const { bucket, store } = stage();
    const reader = store();
    bucket.put(yaml(10));
    const first = await reader.read();
    expect(first).toMatchObject({ settings: { fleet: { max: 10 } }, text: yaml(10), etag: '"1"' });
    expect(await reader.read()).toBe(first);
    expect(bucket.bodies).toBe(1);
    bucket.put(yaml(20));
    expect((await reader.read()).settings.fleet.max).toBe(20);
    expect(bucket.bodies).toBe(2);
  });

  it('says that nothing is there yet', async () => {
    await expect(stage().store().read()).rejects.toThrow(SettingsMissing);
    await expect(stage().store().read()).rejects.toThrow('s3://bucket/settings.yaml');
  });

  it('names what is wrong with what somebody else put there', async () => {
    const { bucket, store } = stage();
    bucket.put('service: shop\nfleet: { max: 0 }\n');
    await expect(store().read()).rejects.toThrow('s3://bucket/settings.yaml:2: fleet.max: expected');
  });

  it('writes what is right, and nothing else', async () => {
    const { bucket, store } = stage();
    await expect(store().write(yaml(0), 'my.yaml')).rejects.toThrow(SettingsError);
    await expect(store().write(yaml(0), 'my.yaml')).rejects.toThrow('my.yaml:2: fleet.max');
    expect(bucket.text).toBeUndefined();
    const writer = store();
    expect(await writer.write(yaml(10), 'my.yaml')).toMatchObject({
      etag: '"1"',
      settings: { service: 'shop' },
    });
    expect((await writer.read()).settings.fleet.max).toBe(10);
    expect(bucket.bodies).toBe(0);
  });

  it('lets one of two writers through that have read the same', async () => {
    const { bucket, store } = stage();
    bucket.put(yaml(10));
    const [one, other] = [store(), store()];
    const [{ etag }] = [await one.read(), await other.read()];
    await one.write(yaml(20), 'one.yaml', etag);
    await expect(other.write(yaml(30), 'other.yaml', etag)).rejects.toThrow(SettingsChanged);
    expect(bucket.text).toBe(yaml(20));
    // What it read next is what is there.
    expect((await other.read()).settings.fleet.max).toBe(20);
  });

  it('passes on every other error', async () => {
    const send = async () => {
      throw status(403);
    };
    const store = new SettingsStore({ send } as never, 'bucket');
    await expect(store.read()).rejects.toThrow(S3ServiceException);
    await expect(store.write(yaml(10), 'my.yaml', '"1"')).rejects.toThrow(S3ServiceException);
  });
});
