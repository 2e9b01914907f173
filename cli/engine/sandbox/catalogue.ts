// Regions, sizes and images that the sandbox knows: an excerpt of the real catalogue, prices of November 2026 in US dollars.

export interface Size {
  readonly slug: string;
  /** MiB */
  readonly memory: number;
  readonly vcpus: number;
  /** GiB */
  readonly disk: number;
  readonly price_monthly: number;
}

export const regions = [
  { slug: "ams3", name: "Amsterdam 3" },
  { slug: "fra1", name: "Frankfurt 1" },
  { slug: "lon1", name: "London 1" },
  { slug: "nyc3", name: "New York 3" },
  { slug: "sfo3", name: "San Francisco 3" },
  { slug: "sgp1", name: "Singapore 1" },
] as const;

export const sizes: readonly Size[] = [
  { slug: "s-1vcpu-512mb-10gb", memory: 512, vcpus: 1, disk: 10, price_monthly: 4 },
  { slug: "s-1vcpu-1gb", memory: 1024, vcpus: 1, disk: 25, price_monthly: 6 },
  { slug: "s-1vcpu-2gb", memory: 2048, vcpus: 1, disk: 50, price_monthly: 12 },
  { slug: "s-2vcpu-2gb", memory: 2048, vcpus: 2, disk: 60, price_monthly: 18 },
  { slug: "s-2vcpu-4gb", memory: 4096, vcpus: 2, disk: 80, price_monthly: 24 },
  { slug: "s-4vcpu-8gb", memory: 8192, vcpus: 4, disk: 160, price_monthly: 48 },
];

export const images = [
  { id: 901, slug: "debian-12-x64", name: "12 x64", distribution: "Debian" },
  { id: 902, slug: "debian-13-x64", name: "13 x64", distribution: "Debian" },
  { id: 903, slug: "ubuntu-24-04-x64", name: "24.04 (LTS) x64", distribution: "Ubuntu" },
  { id: 904, slug: "fedora-43-x64", name: "43 x64", distribution: "Fedora" },
] as const;

/** Each of these as the API gives it. */
export const catalogue = {
  regions: regions.map((region) => ({
    ...region,
    available: true,
    features: ["backups", "ipv6", "metadata", "storage"],
    sizes: sizes.map(({ slug }) => slug),
  })),
  sizes: sizes.map((size) => ({
    ...size,
    price_hourly: hourly(size.price_monthly),
    transfer: size.price_monthly <= 4 ? 0.5 : 1,
    available: true,
    regions: regions.map(({ slug }) => slug),
    description: "Basic",
  })),
  images: images.map((image) => ({
    ...image,
    public: true,
    type: "base" as const,
    status: "available" as const,
    regions: regions.map(({ slug }) => slug),
    min_disk_size: 7,
    size_gigabytes: 0.6,
    created_at: "2026-10-01T00:00:00Z",
  })),
} as const;

export function regionOf(slug: string) {
  return catalogue.regions.find((region) => region.slug === slug);
}

export function sizeOf(slug: string): Size | undefined {
  return sizes.find((size) => size.slug === slug);
}

/** Dollars per hour: a month has 672 hours at this service. */
export function hourly(monthly: number): number {
  return Math.round((monthly / 672) * 100_000) / 100_000;
}
