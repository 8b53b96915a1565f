//! What keeps a program from harm, by the words for it: taking one away is a mechanism of failure by itself.

use super::trouble::Troubles as T;

/// A sort of safeguard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Safeguard {
    /// What it is called when somebody is told.
    pub(super) name: &'static str,
    /// Stems of the words for it.
    pub(super) stems: &'static [&'static str],
    /// What its absence leads to.
    pub(super) leads_to: T,
}

/// All of them. A stem is compared with a whole word's stem.
pub(super) const SAFEGUARDS: [Safeguard; 13] = [
    Safeguard {
        name: "a limit on how much is read",
        stems: &["limit", "top", "fetchsiz", "pag", "pagesiz", "paginat", "take", "tak", "first", "rownum", "cursor"],
        leads_to: T::SLOW.and(T::MEMORY).and(T::TIMEOUT).and(T::THROTTLED),
    },
    Safeguard {
        name: "batching",
        stems: &[
            "batch",
            "bulk",
            "chunk",
            "pipelin",
            "multiget",
            "prefetch",
            "preload",
            "eager",
            "dataload",
            "dataloader",
        ],
        leads_to: T::THROTTLED.and(T::SLOW).and(T::TIMEOUT).and(T::EXHAUSTED),
    },
    Safeguard {
        name: "a cache",
        stems: &["cach", "memo", "memoiz", "lru", "memoize"],
        leads_to: T::SLOW.and(T::THROTTLED).and(T::CACHE).and(T::TIMEOUT).and(T::EXHAUSTED),
    },
    Safeguard {
        name: "giving something back",
        stems: &[
            "clos",
            "releas",
            "dispos",
            "defer",
            "finally",
            "unsubscrib",
            "shutdown",
            "teardown",
            "cleanup",
            "free",
            "disconnect",
        ],
        leads_to: T::EXHAUSTED.and(T::MEMORY).and(T::TIMEOUT).and(T::LOCKED),
    },
    Safeguard { name: "an index", stems: &["index", "idx"], leads_to: T::SLOW.and(T::TIMEOUT) },
    Safeguard {
        name: "a filter",
        stems: &["where", "filt", "filter", "having", "predicat"],
        leads_to: T::SLOW.and(T::MEMORY).and(T::WRONG),
    },
    Safeguard {
        name: "a lock or a transaction",
        stems: &[
            "lock",
            "mutex",
            "synchroniz",
            "atomic",
            "transaction",
            "rlock",
            "semaphor",
            "idempotent",
            "idempotency",
            "idempotenc",
            "dedup",
            "dedupe",
        ],
        leads_to: T::LOCKED.and(T::NULL).and(T::WRONG),
    },
    Safeguard {
        name: "a way to go on when a call fails",
        stems: &[
            "retr", "retry", "fallback", "circuit", "backoff", "jitt", "jitter", "breaker", "recov", "recover",
            "rescu", "catch", "except",
        ],
        leads_to: T::TIMEOUT.and(T::UNREACHABLE).and(T::THROTTLED).and(T::NULL).and(T::RETRIED),
    },
    Safeguard {
        name: "a timeout",
        stems: &["timeout", "deadlin", "withtimeout"],
        leads_to: T::TIMEOUT.and(T::EXHAUSTED).and(T::SLOW).and(T::BACKLOG),
    },
    Safeguard {
        name: "a check of what comes in",
        stems: &[
            "validat",
            "sanitiz",
            "escap",
            "assert",
            "guard",
            "normaliz",
            "coalesc",
            "isempt",
            "ispresent",
            "trim",
        ],
        leads_to: T::MALFORMED.and(T::NULL).and(T::WRONG),
    },
    Safeguard {
        name: "a permission",
        stems: &[
            "permission",
            "polic",
            "policy",
            "allow",
            "grant",
            "role",
            "rol",
            "scop",
            "principal",
            "authoriz",
            "audienc",
            "issu",
            "acl",
        ],
        leads_to: T::DENIED,
    },
    Safeguard {
        name: "making room again",
        stems: &[
            "evict",
            "expir",
            "ttl",
            "maxsiz",
            "maxsize",
            "prun",
            "rotat",
            "retention",
            "compact",
            "delet",
            "purg",
            "expireafterwrite",
            "weakref",
        ],
        leads_to: T::MEMORY.and(T::DISK).and(T::SLOW).and(T::CACHE),
    },
    Safeguard {
        name: "a brake on how much is done at once",
        stems: &["ratelimit", "throttl", "debounc", "limiter", "maxconcurren", "concurrenc", "backpressur", "bounded"],
        leads_to: T::THROTTLED.and(T::EXHAUSTED).and(T::MEMORY).and(T::SLOW),
    },
];

/// What a setting's name says it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// How long something may take, or is kept.
    Time,
    /// How much there is room for.
    Room,
    /// How often something is tried.
    Tries,
    /// How much is written down.
    Talk,
    /// Anything else.
    Other,
}

/// Stems of names for how long something may take, or is kept.
const OF_TIME: [&str; 27] = [
    "timeout",
    "deadlin",
    "ttl",
    "expir",
    "expire",
    "interval",
    "delay",
    "backoff",
    "wait",
    "idl",
    "keepaliv",
    "budget",
    "lifetim",
    "age",
    "period",
    "grac",
    "visibilit",
    "visibility",
    "lease",
    "leas",
    "expiration",
    "millis",
    "milli",
    "second",
    "minut",
    "duration",
    "poll",
];

/// Stems of names for how much there is room for.
const OF_ROOM: [&str; 44] = [
    "pool",
    "max",
    "min",
    "limit",
    "siz",
    "size",
    "capacit",
    "capacity",
    "conn",
    "connection",
    "concurrenc",
    "concurrency",
    "work",
    "worker",
    "thread",
    "replica",
    "memor",
    "memory",
    "heap",
    "cpu",
    "buff",
    "buffer",
    "batch",
    "queu",
    "quota",
    "burst",
    "shard",
    "partition",
    "unit",
    "throughput",
    "entr",
    "entries",
    "rate",
    "rps",
    "qps",
    "permit",
    "slot",
    "capac",
    "parallelism",
    "fetch",
    "prefetch",
    "instanc",
    "desir",
    "weight",
];

impl About {
    /// By the stems of the name.
    pub(super) fn of(stems: &[String]) -> Self {
        let has = |words: &[&str]| stems.iter().any(|stem| words.contains(&stem.as_str()));
        match () {
            () if has(&["retr", "retry", "attempt", "tri", "redeliv", "redelivery"]) => Self::Tries,
            () if has(&[
                "level",
                "verbos",
                "verbosity",
                "debug",
                "sampl",
                "sample",
                "sampler",
                "loglevel",
                "trac",
                "log",
            ]) =>
            {
                Self::Talk
            }
            () if has(&OF_TIME) => Self::Time,
            () if has(&OF_ROOM) => Self::Room,
            () => Self::Other,
        }
    }

    /// What a setting of this sort leads to when its value goes down or up.
    pub(super) fn leads_to(self, down: bool, stems: &[String]) -> T {
        let has = |words: &[&str]| stems.iter().any(|stem| words.contains(&stem.as_str()));
        match (self, down) {
            (Self::Time, _) if has(&["ttl", "expir", "expire", "age", "cach", "lifetim", "expiration"]) => {
                T::CACHE.and(T::SLOW).and(T::THROTTLED).and(T::DENIED).and(T::WRONG).and(T::MEMORY).and(T::EXHAUSTED)
            }
            (Self::Time, true) => {
                T::TIMEOUT.and(T::UNREACHABLE).and(T::RETRIED).and(T::SLOW).and(T::THROTTLED).and(T::BACKLOG)
            }
            (Self::Time, false) => T::EXHAUSTED.and(T::SLOW).and(T::BACKLOG).and(T::TIMEOUT).and(T::LOCKED),
            (Self::Room, _) if has(&["memor", "memory", "heap"]) => T::MEMORY.and(T::SLOW),
            (Self::Room, _) if has(&["cpu"]) => T::SLOW.and(T::TIMEOUT).and(T::THROTTLED),
            (Self::Room, _) if has(&["cach", "entr", "entries"]) => T::CACHE.and(T::MEMORY).and(T::SLOW),
            (Self::Room, true) => {
                T::EXHAUSTED.and(T::THROTTLED).and(T::SLOW).and(T::TIMEOUT).and(T::BACKLOG).and(T::MALFORMED)
            }
            (Self::Room, false) => {
                T::EXHAUSTED.and(T::MEMORY).and(T::THROTTLED).and(T::SLOW).and(T::LOCKED).and(T::TIMEOUT)
            }
            (Self::Tries, false) => {
                T::RETRIED.and(T::THROTTLED).and(T::SLOW).and(T::EXHAUSTED).and(T::TIMEOUT).and(T::BACKLOG)
            }
            (Self::Tries, true) => T::TIMEOUT.and(T::UNREACHABLE).and(T::BACKLOG).and(T::THROTTLED),
            (Self::Talk, false) => T::DISK.and(T::CHATTY).and(T::SLOW).and(T::MEMORY),
            (Self::Talk, true) | (Self::Other, _) => T::NONE,
        }
    }
}

/// The order of log levels, quiet first.
pub(super) fn talkativeness(level: &str) -> Option<usize> {
    const LEVELS: [&[&str]; 6] = [
        &["off", "none"],
        &["fatal", "critical", "error"],
        &["warn", "warning"],
        &["info", "notice"],
        &["debug", "verbose"],
        &["trace", "all"],
    ];
    let lower = level.to_lowercase();
    LEVELS.iter().position(|names| names.contains(&lower.as_str()))
}

/// Whether a call by this name leaves the process: a query, a request, a message.
pub(super) fn is_remote(stems: &[String]) -> bool {
    const WORDS: [&str; 46] = [
        "quer", "query", "select", "fetch", "request", "http", "rpc", "grpc", "execut", "execute", "exec", "send",
        "publish", "invok", "invoke", "save", "insert", "updat", "update", "upsert", "delet", "find", "load", "lookup",
        "get", "put", "post", "list", "scan", "describ", "describe", "resolv", "download", "upload", "read", "write",
        "persist", "stor", "enqueu", "call", "emit", "flush", "commit", "sync", "hydrat", "findby",
    ];
    stems.iter().any(|stem| WORDS.contains(&stem.as_str()))
}
