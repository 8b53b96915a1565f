//! Sorts of trouble: what log lines, alarms and metric names speak of, and what a mechanism in a diff can lead to. The two
//! sides meet here. Also the reasons that lie outside of every change.
//!
//! The phrases are those of common runtimes, databases, brokers and orchestrators, in lower case.

use aho_corasick::AhoCorasick;
use std::collections::BTreeSet;
use std::ops::{BitOr, BitOrAssign};
use std::sync::LazyLock;

/// A set of sorts of trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Troubles(u32);

impl Troubles {
    pub(super) const NONE: Self = Self(0);
    /// Somebody waited too long.
    pub(super) const TIMEOUT: Self = Self(1);
    /// A pool, connections, threads or handles ran out.
    pub(super) const EXHAUSTED: Self = Self(1 << 1);
    /// Memory ran out.
    pub(super) const MEMORY: Self = Self(1 << 2);
    /// Disk ran out.
    pub(super) const DISK: Self = Self(1 << 3);
    /// A table, column, field, index or message has another form than expected.
    pub(super) const SCHEMA: Self = Self(1 << 4);
    /// A value that is not there was used: null, out of bounds, a failed cast.
    pub(super) const NULL: Self = Self(1 << 5);
    /// Something is not found, not registered, not configured.
    pub(super) const MISSING: Self = Self(1 << 6);
    /// A rate, a quota or a capacity was exceeded.
    pub(super) const THROTTLED: Self = Self(1 << 7);
    /// Requests, queries or loops take long or use the processor up.
    pub(super) const SLOW: Self = Self(1 << 8);
    /// Not allowed, not authenticated.
    pub(super) const DENIED: Self = Self(1 << 9);
    /// Text or bytes could not be read as what they should be.
    pub(super) const MALFORMED: Self = Self(1 << 10);
    /// Locks: deadlock, lock wait, conflict.
    pub(super) const LOCKED: Self = Self(1 << 11);
    /// The other side cannot be reached.
    pub(super) const UNREACHABLE: Self = Self(1 << 12);
    /// Messages pile up.
    pub(super) const BACKLOG: Self = Self(1 << 13);
    /// Values are wrong, doubled or old.
    pub(super) const WRONG: Self = Self(1 << 14);
    /// Much more is written to the log.
    pub(super) const CHATTY: Self = Self(1 << 15);
    /// Calls are made again and again.
    pub(super) const RETRIED: Self = Self(1 << 16);
    /// What a cache should answer goes to the store.
    pub(super) const CACHE: Self = Self(1 << 17);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The sorts a text in lower case speaks of.
    pub(super) fn of_text(text: &str) -> Self {
        static LIST: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(PHRASES.iter().map(|(_, phrases)| *phrases)));
        LIST.said_in(text).into_iter().fold(Self::NONE, |all, at| all | PHRASES[at].0)
    }

    /// The sorts in a few words, the most telling first.
    pub(super) fn words(self) -> Vec<&'static str> {
        NAMES.iter().filter(|(trouble, _)| !self.common(*trouble).is_empty()).map(|(_, name)| *name).collect()
    }
}

impl BitOr for Troubles {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

impl BitOrAssign for Troubles {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.and(other);
    }
}

/// What each sort is called.
const NAMES: [(Troubles, &str); 18] = [
    (Troubles::MEMORY, "memory that runs out"),
    (Troubles::DISK, "a full disk"),
    (Troubles::SCHEMA, "a form that does not match"),
    (Troubles::NULL, "a value that is not there"),
    (Troubles::DENIED, "refused access"),
    (Troubles::LOCKED, "locks"),
    (Troubles::EXHAUSTED, "a pool that runs out"),
    (Troubles::CACHE, "a cache that does not answer"),
    (Troubles::MISSING, "something that is not found"),
    (Troubles::MALFORMED, "data that cannot be read"),
    (Troubles::THROTTLED, "throttling"),
    (Troubles::TIMEOUT, "timeouts"),
    (Troubles::UNREACHABLE, "connections that fail"),
    (Troubles::BACKLOG, "a backlog"),
    (Troubles::RETRIED, "repeated calls"),
    (Troubles::CHATTY, "a flood of log lines"),
    (Troubles::WRONG, "wrong values"),
    (Troubles::SLOW, "slow requests"),
];

/// What texts say of each sort, `|` between the phrases.
const PHRASES: [(Troubles, &str); 18] = [
    (Troubles::TIMEOUT, "timeout|timed out|deadline|timed-out|took too long|context canceled|etimedout|time budget"),
    (
        Troubles::EXHAUSTED,
        "exhausted|too many connections|too many open files|emfile|no free connection|pool is full|\
         remaining connection slots|connection pool|unable to acquire|could not acquire|\
         waiting for a connection|waiting for connection|acquire connection|cannot create thread|\
         unable to create new native thread|goroutines|open_connections|pool_wait|pool_in_use|in_use_conn|\
         active_connections|pool size|file descriptor|pool_active|pool_util|idle connections|checked out|\
         queuepool|hikari",
    ),
    (
        Troubles::MEMORY,
        "out of memory|oom|outofmemory|heap space|memory limit|cannot allocate memory|heap out of|\
         memory_used|memory_usage|memory_working|heap_used|heap_usage|rss|memory pressure|gc pause|\
         gc overhead|exit code 137|memory_bytes|memory_mb|heap_bytes|heap_mb|gc_pause|allocation failure",
    ),
    (
        Troubles::DISK,
        "no space left|enospc|disk full|disk_used|disk_usage|read-only file|disk pressure|disk quota|\
         volume is full",
    ),
    (
        Troubles::SCHEMA,
        "does not exist|no such table|no such column|unknown column|unknown field|no mapping|\
         undefined column|undefinedtable|undefinedcolumn|missing column|invalid column|schema|\
         unrecognized field|undefined field|no such field|missing field|unknown property|\
         unrecognized property|cannot query field|unexpected field|required field|missing required|\
         missing_field|incompatible|migration|no field named",
    ),
    (
        Troubles::NULL,
        "nil pointer|null pointer|nullpointer|nonetype|undefined is not|of undefined|of null|null reference|\
         index out of range|indexoutofbounds|out of bounds|keyerror|panic|segfault|segmentation|typeerror|\
         attributeerror|unwrap|classcast|invalid memory address|unhandled exception|uncaught|nullreference",
    ),
    (
        Troubles::MISSING,
        "not found|not registered|no handler|no route|404|unknown service|not configured|missing env|\
         is not set|must be set|no such key|nosuchkey|not initialized|uninitialized|missing config|\
         unregistered|cannot find|could not find|could not resolve placeholder|no provider for|unknown topic|\
         unimplemented|no such file|missing key|not defined|unsupported|no consumer|lookup failed",
    ),
    (
        Troubles::THROTTLED,
        "throttl|rate limit|ratelimit|too many requests|429|quota|throughputexceeded|capacity exceeded|\
         slow down|limit exceeded|provisioned|rejected by limiter|rate_limited|requestlimitexceeded|\
         backpressure",
    ),
    (
        Troubles::SLOW,
        "slow|latency|duration|p99|p95|took |cpu|full scan|seq scan|table scan|rows_examined|query_count|\
         queries_per|stall|response time|exceeded budget|db.calls|event loop|gc time|blocked for",
    ),
    (
        Troubles::DENIED,
        "denied|unauthorized|forbidden|permission|not authorized|401|403|invalid token|invalid signature|\
         signature verification|invalid credentials|authentication failed|authorization|access key|jwt|csrf|\
         cors|invalid audience|invalid issuer|unauthenticated|insufficient scope",
    ),
    (
        Troubles::MALFORMED,
        "parse|unmarshal|deserializ|decode|malformed|invalid json|invalid format|unexpected token|\
         syntax error|cannot convert|conversion|serializ|bad request|invalid value|validation|\
         unsupported encoding|type mismatch|invalid character|wrong type|numberformat|valueerror|overflow|\
         truncated|invalid argument|wire type",
    ),
    (
        Troubles::LOCKED,
        "deadlock|lock wait|lock timeout|could not obtain lock|serialization failure|could not serialize|\
         lock_wait|database is locked|write conflict|optimistic lock|row lock|contention|concurrent map|\
         data race|concurrentmodification|lock held|waiting for lock|blocked by|mutex",
    ),
    (
        Troubles::UNREACHABLE,
        "connection refused|econnrefused|no such host|name resolution|nxdomain|servfail|connection reset|\
         unreachable|econnreset|broken pipe|no healthy upstream|connect error|tls handshake|\
         handshake failure|unknown host|no route to host|dial tcp|could not connect|failed to connect|\
         unavailable|eai_again|no endpoints",
    ),
    (
        Troubles::BACKLOG,
        "backlog|queue depth|queue_depth|consumer lag|consumer_lag|oldest message|oldest_message|lagging|\
         rebalanc|queue full|queue is full|messages_visible|dead letter|dlq|visibility timeout|lag_seconds|\
         unacked|max.poll",
    ),
    (
        Troubles::WRONG,
        "mismatch|duplicate|inconsistent|checksum|negative|incorrect|unexpected value|wrong |stale|\
         out of sync|integrity|constraint|unique|double charge|reconcil|drift|invalid state|conflict|\
         assertion",
    ),
    (Troubles::CHATTY, "log_write|log_volume|log_lines|log_bytes|log throughput|ingest_bytes|log_throughput"),
    (
        Troubles::RETRIED,
        "retry|retries|retrying|attempt |attempts|retry_|resubmit|redeliver|circuit breaker|circuit open",
    ),
    (
        Troubles::CACHE,
        "cache miss|cache_miss|cache_hit|hit ratio|hit_ratio|stampede|evict|cache hit|hit_rate|\
         origin_requests",
    ),
];

/// Reasons that lie outside of every change, how strongly the words speak of one, 0–1, and how it is told.
const OUTSIDE: [(&str, f64, &str); 10] = [
    (
        "more traffic than there is room for",
        0.7,
        "traffic surge|traffic spike|elevated request volume|request surge|flash crowd|unusual traffic|\
         traffic above|ddos|botnet",
    ),
    // A program that became slower runs out of room as well.
    (
        "too little room",
        0.4,
        "overloaded|shedding load|load shed|pods pending|desired replicas|scaling out|max replicas",
    ),
    (
        "a certificate or credential that expired",
        0.9,
        "certificate has expired|certificate expired|cert expired|expired certificate|\
         certificate is not valid after|not yet valid|license expired|licence expired|\
         credentials expired|expired credentials|api key expired|domain expired|notafter|expired on|\
         certificate_expired|secret expired|key has expired",
    ),
    (
        "somebody else's service",
        0.8,
        "third-party|third party|external provider|external api|external service|provider outage|\
         provider returned|provider unavailable|vendor|status page|partner api|upstream provider|\
         provider incident|provider degraded|carrier",
    ),
    (
        "trouble of the machine, or of another workload on it",
        0.9,
        "co-tenant|noisy neighbor|noisy neighbour|cpu contended|node cpu|memorypressure|diskpressure|\
         nodenotready|node not ready|cpu steal|spot interruption|preempted|instance retirement|hardware|\
         host maintenance|node drain|cordon|node failure|i/o error|input/output error|ebs volume|\
         disk failure|node is under|under increasing cpu",
    ),
    (
        "the cloud or the network",
        0.85,
        "availability zone|az outage|region outage|regional outage|service health|packet loss|\
         network partition|link down|bgp|servfail|dns outage|resolver timeout|network unreachable|\
         internalservererror from aws|control plane|cloud provider|brownout",
    ),
    (
        "one record that cannot be processed",
        0.6,
        "poison|same offset|commit blocked|malformed record|bad record|\
         corrupt record|corrupted",
    ),
    (
        "an account's limit",
        0.75,
        "account limit|service quota|service limit|account quota|quota exceeded for account|monthly limit|\
         daily quota|subscription limit|billing",
    ),
    (
        "work done by hand, or on a schedule",
        0.6,
        "failover|maintenance window|manually|by operator|operator action|cronjob|backup started|vacuum|\
         scheduled job|reindex started|batch export",
    ),
    ("a clock that is wrong", 0.8, "clock skew|leap second|ntp|clock drift|time jumped"),
];

/// Lists of phrases that are all looked for in one pass over a text.
struct Phrases {
    search: AhoCorasick,
    /// For each phrase the list it stands in, and the phrase.
    of: Vec<(usize, &'static str)>,
}

impl Phrases {
    fn of(lists: impl Iterator<Item = &'static str>) -> Self {
        let phrases = lists.enumerate().flat_map(|(at, list)| list.split('|').map(move |phrase| (at, phrase)));
        let of: Vec<(usize, &'static str)> = phrases.collect();
        let search = AhoCorasick::new(of.iter().map(|(_, phrase)| phrase)).expect("a few hundred short phrases");
        Self { search, of }
    }

    /// The lists of which a text in lower case holds a phrase, ascending.
    fn said_in(&self, text: &str) -> BTreeSet<usize> {
        let matches = self.search.find_overlapping_iter(text);
        let said = matches.filter_map(|found| {
            let (list, phrase) = self.of[found.pattern().as_usize()];
            stands(text, phrase, found.start()).then_some(list)
        });
        said.collect()
    }
}

/// Whether a phrase found at `at` counts. A short one must begin a word, or `room` would speak of `oom`, and a number must be
/// one.
fn stands(text: &str, phrase: &str, at: usize) -> bool {
    const SHORT: usize = 4;
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let is_number = phrase.bytes().all(|byte| byte.is_ascii_digit());
    let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
    let after = text.as_bytes().get(at + phrase.len());
    (phrase.len() > SHORT || !letter(before)) && !(is_number && letter(after))
}

/// What a text in lower case says of a reason outside: how strongly, and what.
pub(super) fn outside(text: &str) -> Option<(f64, &'static str)> {
    static LIST: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(OUTSIDE.iter().map(|(_, _, phrases)| *phrases)));
    let found = LIST.said_in(text).into_iter().map(|at| (OUTSIDE[at].1, OUTSIDE[at].0));
    found.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(Troubles::of_text(text).words(), expected, "{text}");
    }

    #[test]
    fn texts_speak_of_troubles() {
        check(
            "fatal: sorry, too many clients already, remaining connection slots are reserved",
            &["a pool that runs out"],
        );
        check("java.lang.outofmemoryerror: java heap space", &["memory that runs out"]);
        check("typeerror: cannot read properties of undefined (reading 'id')", &["a value that is not there"]);
        check("accessdenied: user is not authorized to perform s3:getobject", &["refused access"]);
        check("served 12 orders", &[]);
    }

    #[test]
    fn reasons_outside_are_told() {
        assert_eq!(
            outside("tls: certificate has expired").map(|(_, what)| what),
            Some("a certificate or credential that expired")
        );
        assert_eq!(outside("node ip-10-0-0-7 reports memorypressure").map(|(strength, _)| strength), Some(0.9));
        assert_eq!(outside("unknown column total in field list"), None);
    }
}
