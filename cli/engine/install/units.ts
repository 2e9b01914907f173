// The systemd units: templates, one instance per mesh (architecture.md §5, life.md §8).

/** Shared hardening. No MemoryDenyWriteExecute: Node compiles as it runs. No PrivateDevices: it hides /dev/net/tun. */
const hardening = `NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
DevicePolicy=closed
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
LimitCORE=0
UMask=0077`;

/** Two minutes to start: the signed map of a large mesh is verified first. Restarted for ever: a mesh must not stay down because its host had a bad minute. */
const restarting = `Type=notify
NotifyAccess=all
WatchdogSec=30
TimeoutStartSec=120
TimeoutStopSec=15
Restart=always
RestartSec=1`;

/**
 * tunnelmesh-agent@.service. Root, but with the capabilities of a network daemon alone; Group= so that it may hand its socket to the
 * group. Node's flags and MALLOC_ARENA_MAX take some 10 MiB off its resident memory and nothing off its speed. The lines with "+" run
 * with full rights outside the sandbox, also after SIGKILL: they take back routes, rules and DNS.
 */
export const agentUnitText = `[Unit]
Description=TunnelMesh agent of mesh %i
After=network.target
StartLimitIntervalSec=0

[Service]
${restarting}
RestartPreventExitStatus=0 78
ExecStartPre=-+/opt/tunnelmesh/%i/current/node /opt/tunnelmesh/%i/current/agent.mjs repair --mesh %i
Environment=MALLOC_ARENA_MAX=1
ExecStart=/opt/tunnelmesh/%i/current/node --max-semi-space-size=1 --v8-pool-size=1 /opt/tunnelmesh/%i/current/agent.mjs run --mesh %i
ExecStopPost=-+/opt/tunnelmesh/%i/current/node /opt/tunnelmesh/%i/current/agent.mjs repair --mesh %i
User=root
Group=tunnelmesh
RuntimeDirectory=tunnelmesh
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
StateDirectory=tunnelmesh/%i/agent
StateDirectoryMode=0700
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_RAW
${hardening}
DeviceAllow=/dev/net/tun rw
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
ReadWritePaths=/etc -/run/NetworkManager -/run/resolvconf
ReadOnlyPaths=-/etc/tunnelmesh -/etc/ssh -/etc/systemd -/etc/passwd -/etc/group -/etc/sudoers -/etc/sudoers.d -/etc/pam.d -/etc/security -/etc/cron.d -/etc/profile.d -/etc/ld.so.conf.d
InaccessiblePaths=-/etc/shadow -/etc/gshadow

[Install]
WantedBy=multi-user.target
`;

/** tunnelmesh-coordinator@.service: its own user, and nothing of the agent within reach. */
export const coordinatorUnitText = `[Unit]
Description=TunnelMesh coordinator of mesh %i
After=network.target
StartLimitIntervalSec=0

[Service]
${restarting}
ExecStartPre=+/bin/mkdir -p -m 0755 /run/tunnelmesh
ExecStart=/opt/tunnelmesh/%i/current/node --disable-warning=ExperimentalWarning /opt/tunnelmesh/%i/current/coordinator.mjs run --mesh %i
User=tunnelmesh-coordinator
Group=tunnelmesh
RuntimeDirectory=tunnelmesh-coordinator/%i
RuntimeDirectoryMode=0750
StateDirectory=tunnelmesh/%i/coordinator
StateDirectoryMode=0700
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
${hardening}
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
InaccessiblePaths=-/run/tunnelmesh -/var/lib/tunnelmesh/%i/agent -/etc/ssh

[Install]
WantedBy=multi-user.target
`;
