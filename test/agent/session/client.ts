import { type Host, SHARD, type World } from './world.ts';

/** Writes all the time to every slot, through whichever instance answers, and remembers what was acknowledged. */
export class Client {
  readonly acknowledged = new Map<number, string[]>();
  readonly wrongs: string[] = [];
  /** Longest time between two acknowledgements of a slot. */
  longestGap = 0;
  readonly #world: World;
  readonly #epochs = new Map<number, number>();
  readonly #last = new Map<number, number>();
  #count = 0;
  #isOn = true;
  every = 0.05;

  constructor(world: World) {
    this.#world = world;
    for (let slot = 0; slot < world.slots; slot += 1) {
      this.acknowledged.set(slot, []);
      void this.#write(slot);
    }
  }

  stop(): void {
    this.#isOn = false;
  }

  /** What was acknowledged and is not where the slot is held now. */
  async lost(): Promise<string[]> {
    const map = await this.#world.maps.read(SHARD, this.#world.slots);
    return [...this.acknowledged].flatMap(([slot, keys]) => {
      const holder = [...this.#world.hosts.values()].find(({ slice }) => slice === map[slot]?.holder);
      const there = holder?.app.slots.get(slot)?.entries;
      return keys.filter((key) => !there?.has(key)).map((key) => `${slot}/${key}`);
    });
  }

  async #write(slot: number): Promise<void> {
    const { clock } = this.#world;
    while (this.#isOn) {
      const hosts = [...this.#world.hosts.values()].filter(({ up, active }) => up && active);
      const first = hosts[this.#count % Math.max(1, hosts.length)];
      this.#count += 1;
      const key = `w${this.#count}`;
      if (first !== undefined && (await this.#at(first, slot, key, false))) {
        this.acknowledged.get(slot)!.push(key);
        const before = this.#last.get(slot);
        if (before !== undefined) this.longestGap = Math.max(this.longestGap, clock.now() - before);
        this.#last.set(slot, clock.now());
      }
      await clock.sleep(this.every);
    }
  }

  /** What a gateway does with a request, in little. True: acknowledged. */
  async #at(host: Host, slot: number, key: string, isHop: boolean): Promise<boolean> {
    const { clock } = this.#world;
    const { life } = host;
    const until = clock.now() + 5;
    while (clock.now() < until && !life.dead) {
      const table = host.serving.runtime(host.slice)?.table;
      if (table === undefined) return false;
      const admission = table.admit(slot);
      if (admission.to === 'app') {
        const { ticket } = admission;
        await clock.sleep(0.001);
        const isDone = host.app.write(slot, ticket.epoch, key);
        await clock.sleep(0.001);
        const isAcknowledged = isDone && ticket.lasts && !life.dead;
        ticket.end();
        if (isAcknowledged) this.#saw(slot, ticket.epoch, host.instance);
        return isAcknowledged;
      }
      if (admission.to === 'holder') {
        const other = [...this.#world.hosts.values()].find(
          ({ slice, up }) => slice === admission.slice && up,
        );
        return isHop || other === undefined ? false : this.#at(other, slot, key, true);
      }
      if (admission.to === 'nobody') return false;
      await clock.sleep(0.02);
    }
    return false;
  }

  /** An older epoch after a newer one: two served the slot. */
  #saw(slot: number, epoch: number, where: string): void {
    const before = this.#epochs.get(slot) ?? 0;
    if (epoch < before)
      this.wrongs.push(`slot ${slot}: ${where} acknowledged under ${epoch} after ${before}`);
    this.#epochs.set(slot, Math.max(before, epoch));
  }
}
