import { describe, expect, it } from 'vitest';
import { presentAddress } from '../former-address.js';

describe('former address', () => {
  it.each([
    ['/examples/browser/', '/'],
    ['/examples/browser', '/'],
    ['/examples/browser/index.html', '/'],
    ['/examples/browser/?api=ws://localhost:3000', '/?api=ws://localhost:3000'],
    ['/examples/browser?debug=true&tab=2', '/?debug=true&tab=2'],
  ])('S156: %s redirects to %s', (former, present) => {
    expect(presentAddress(former)).toBe(present);
  });

  it.each(['/', '/?api=/examples/browser/', '/examples/browser/other.js', '/examples/browsers/'])('%s stays', (url) => {
    expect(presentAddress(url)).toBeUndefined();
  });
});
