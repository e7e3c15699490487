import { describe, expect, it } from 'vitest';
import { ProposalItems } from '../../adapters/aws/proposal-items.ts';
import { main } from '../../cli/main.ts';
import { accepted, declined, listed } from '../../cli/proposals.ts';
import type { Proposal } from '../../core/forecast/emerging/proposal.ts';
import { NOW, PROPOSAL } from '../forecast/emerging/fixtures.ts';
import { FakeDeployed } from './deployed-fake.ts';

async function stage(...proposals: Proposal[]) {
  const deployed = new FakeDeployed(
    'service: shop\nshards:\n  - { name: cart, capacity: { perInstance: 50 }, mode: active }\nfleet: { max: 20 }\n',
  );
  const items = new ProposalItems(deployed.table);
  for (const one of proposals) expect(await items.put(one, undefined)).toBe(true);
  return { deployed, items };
}

describe('foreshard proposals', () => {
  it('says what is proposed, the most likely first', async () => {
    const { deployed } = await stage(
      { ...PROPOSAL, name: 'b', confidence: 0.7, blocked: 'cart has state' },
      PROPOSAL,
      { ...PROPOSAL, name: 'c', confidence: 0.9, state: 'accepted', by: 'ann' },
    );
    const lines = (await listed(deployed, false)).trimEnd().split('\n');
    expect(lines[0]).toMatch(/name +of +route +load +expected: 50 % +90 % +sure +ready by/);
    const rows = lines.filter((line) => /^(b|c|cart-gift) /.test(line));
    expect(rows.map((row) => row.split(/\s+/)[0])).toEqual(['c', 'cart-gift', 'b']);
    expect(rows[0]).toMatch(/accepted +waits for its instances, since 2026-01-05 00:00 by ann/);
    expect(rows[1]).toMatch(/path \/cart\/gift\/\* +30 +60 +94.3 +80 % +2026-01-05 05:00 +open/);
    expect(rows[2]).toContain('cannot be accepted: cart has state');
    expect(await listed((await stage()).deployed, false)).toBe('Nothing is proposed.\n');
  });

  it('gives all of it as JSON', async () => {
    const { deployed } = await stage(PROPOSAL);
    expect(JSON.parse(await listed(deployed, true))).toEqual([{ ...PROPOSAL, version: 1 }]);
  });

  it('accepts one, and says what happens now', async () => {
    const { deployed, items } = await stage(PROPOSAL);
    const said = await accepted(deployed, 'cart-gift', 7);
    expect(said).toContain('cart-gift.new.foreshard.invalid');
    expect(said).toContain('path /cart/gift/*');
    const { settings } = await deployed.settings.read();
    expect(settings.shards[1]).toMatchObject({ name: 'cart-gift', priority: 7 });
    expect(await items.list()).toMatchObject([{ state: 'accepted', by: 'ann', version: 2 }]);
  });

  it('declines one', async () => {
    const { deployed, items } = await stage(PROPOSAL);
    expect(await declined(deployed, 'cart-gift')).toMatch(/^Declined: \/cart\/gift stays in cart/);
    expect(await items.list()).toMatchObject([{ state: 'declined', by: 'ann' }]);
  });

  it('is called with names and numbers that are some', async () => {
    expect(await main(['proposals', 'accept', 'x', '--service', 's', '--priority', '1.5'])).toBe(2);
    expect(await main(['proposals', 'accept', '--service', 's'])).toBe(2);
  });
});

describe('stored proposals', () => {
  it('are written by who has seen them last, and nobody else', async () => {
    const { items } = await stage(PROPOSAL);
    expect(await items.put(PROPOSAL, undefined)).toBe(false);
    expect(await items.put({ ...PROPOSAL, toldAt: NOW }, 1)).toBe(true);
    expect(await items.put(PROPOSAL, 1)).toBe(false);
    expect(await items.list()).toEqual([{ ...PROPOSAL, toldAt: NOW, version: 2 }]);
    expect(await items.remove('cart-gift', 1)).toBe(false);
    expect(await items.remove('cart-gift', 2)).toBe(true);
    expect(await items.list()).toEqual([]);
  });
});
