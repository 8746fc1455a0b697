import { PeerPigeonError } from '@peerpigeon/core';
import { MeshView } from '../mesh-view.js';
import type { MeshOptions } from '../options.js';
import type { DhtDeleteOptions, DhtGetOptions, DhtOptions, DhtPutOptions } from './options.js';
import type { DhtStored } from './values.js';
import { WebDHT } from './web-dht.js';

/** The part of `PeerPigeonMesh` that stores values in the mesh. */
export abstract class DhtMesh extends MeshView {
  /** The distributed hash table; there before `init()`, too. */
  readonly dht: WebDHT;

  /** @throws {TypeError} or {RangeError} for an option that its setter would not take */
  constructor(options: MeshOptions) {
    super(options);
    const { membership } = this;
    const { enableWebDHT = true } = options;
    this.dht = new WebDHT((joined) => {
      if (!enableWebDHT) {
        const how = 'make it with enableWebDHT: true, the default, to store values in the mesh';
        throw new PeerPigeonError('NOT_AVAILABLE', `this mesh was made with enableWebDHT: false; ${how}`);
      }
      const { dht } = joined ? membership.joined() : membership.initialized();
      return dht as NonNullable<typeof dht>;
    });
    membership.messenger.watch(({ type }) => {
      if (type === 'leaving') membership.engine?.dht?.leave();
    });
  }

  /** See {@link WebDHT.put} (S30). */
  async dhtPut(key: string, value: unknown, options?: DhtPutOptions): Promise<DhtStored> {
    return this.dht.put(key, value, options);
  }

  /** See {@link WebDHT.get} (S31). */
  async dhtGet<Value = unknown>(key: string, options?: DhtGetOptions): Promise<Value | null> {
    return this.dht.get<Value>(key, options);
  }

  /** See {@link WebDHT.update} (S34). */
  async dhtUpdate(key: string, value: unknown, options?: DhtPutOptions): Promise<DhtStored> {
    return this.dht.update(key, value, options);
  }

  /** See {@link WebDHT.delete} (S36). */
  async dhtDelete(key: string, options?: DhtDeleteOptions): Promise<DhtStored> {
    return this.dht.delete(key, options);
  }

  /** See {@link WebDHT.subscribe} (S32). */
  async dhtSubscribe<Value = unknown>(key: string, options?: DhtOptions): Promise<Value | null> {
    return this.dht.subscribe<Value>(key, options);
  }

  /** See {@link WebDHT.unsubscribe} (S32). */
  async dhtUnsubscribe(key: string): Promise<void> {
    return this.dht.unsubscribe(key);
  }
}
