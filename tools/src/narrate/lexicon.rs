//! The closed vocabulary. A word that is not here, and is no name, refuses its sentence.

/// What a word or phrase does in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It claims nothing.
    Plain,
    /// It stands before what is not the subject.
    Preposition,
    /// `through`.
    Through,
    /// `it`, `they`: the subject of before.
    Pronoun,
    /// `which`: what was named last.
    Which,
    /// It joins.
    And,
    /// It separates two statements.
    But,
    /// `is`, `was`.
    Is,
    /// Measures.
    Faults,
    Requests,
    Success,
    Latency,
    Lines,
    Confidence,
    /// Too slow: latency that rose.
    Slower,
    Faster,
    /// Directions.
    Up,
    Down,
    /// Factors: so many halves.
    Times(u8),
    /// What goes on before a factor.
    Multiple,
    /// States.
    Alarm,
    Fine,
    Trouble,
    /// Beginnings.
    Begin,
    First,
    /// A change, and that it is to blame.
    Change,
    /// The noun: `cause`.
    Cause,
    /// `the cause of`, before the effect.
    CauseOf,
    /// Cause left, effect right.
    Causes,
    /// Effect left, cause right.
    CausedBy,
    /// `spread from`, before a chain of `to`.
    SpreadFrom,
    /// Trouble goes on to the right.
    SpreadTo,
    /// Trouble is expected to go on to the right.
    MayReach,
    /// Calls.
    Calls,
    CalledBy,
    /// What is usual.
    Usual,
    /// `from`, before a figure: what was.
    From,
    /// `to`.
    To,
    /// `than`.
    Than,
    /// `between`.
    Between,
    /// Bounds.
    AtLeast,
    AtMost,
    Above,
    Below,
    About,
    Nearly,
    /// Lags.
    Later,
    Earlier,
    After,
    Before,
    Ago,
    /// What is expected.
    Next,
    Within,
    /// Steps.
    Inspect,
    Warn,
    Review,
    /// What is planned.
    Plan,
    /// How sure it is, in words: from and to, in percent.
    Sure(u8, u8),
    /// Absences that a verdict supports.
    NoCause,
    NoGuilty,
    /// A number in words, in twelfths.
    Twelfths(u16),
    /// So many.
    Factor(u32),
    /// Units.
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Percent,
    Points,
    PerSecond,
    PerMinute,
    PerHour,
    PerDay,
    /// A unit nobody measures in here.
    Foreign,
    /// Counted things.
    Services,
    Alarms,
    Of,
}

use Class::{
    About, Above, After, Ago, Alarm, Alarms, And, AtLeast, AtMost, Before, Begin, Below, Between, But, CalledBy, Calls,
    Cause, CauseOf, CausedBy, Causes, Change, Confidence, Down, Earlier, Factor, Faster, Faults, Fine, First, Foreign,
    From, Hours, Inspect, Is, Latency, Later, Lines, MayReach, Milliseconds, Minutes, Multiple, Nearly, Next, NoCause,
    NoGuilty, Of, PerDay, PerHour, PerMinute, PerSecond, Percent, Plain, Plan, Points, Preposition, Pronoun, Requests,
    Review, Seconds, Services, Slower, SpreadFrom, SpreadTo, Success, Sure, Than, Through, Times, To, Trouble,
    Twelfths, Up, Usual, Warn, Which, Within,
};

/// Words and phrases by what they do. Of those that fit the longest is taken.
const LEXICON: &[(Class, &str)] = &[
    (
        Plain,
        "a|an|the|has|have|had|been|be|being|now|there|currently|right now|at the moment|at present|still|does|do|did|\
         as many|as much|as high|as long|as it|as well|also|so far|show|shows|showed|\
         shown|showing|see|sees|saw|seen|had seen|metrics|metric|figures|data|evidence|according|itself|went|goes|go|\
         going|go out|got|gets|get|become|became|becomes|reaching|counted|measured|measures|reads|read|stands|stood|\
         stand|level|rate|rates|number|count|volume|share|value|values|amount|time|moment|point|mean|sign|signs|note|\
         turn|own|here|just|by then|incident|story|cascade|outage|system|range|out|window|thing|service|\
         service called|function|endpoint|log of|logs of|what|where|when|who|owners|team|people|owner|\
         owners of|start with|begin with|side|these|those|both|we|ready|was made to|were made to",
    ),
    (Through, "through|via|by way of"),
    (Preposition, "at|in|on|for|by|with|behind|near|into|inside|within the|as|under|around the|upon|per"),
    (Of, "of"),
    (From, "from"),
    (To, "to|up to now|until now"),
    (Pronoun, "it|its|they|their|them|this|that one|the latter|the former|he|she|theirs|both of them"),
    (Which, "which|that|who|whose|where it"),
    (And, "and|and then|then|plus|as well as"),
    (But, "but|while|whereas|though|although|yet|meanwhile|even as|and meanwhile|however"),
    (Is, "is|are|was|were"),
    (
        Faults,
        "fail|fails|failed|failing|failure|failures|fault|faults|error|errors|errored|erroring|5xx|broken requests|\
         unsuccessful|request failures|failed requests|failing requests|failed calls|requests failed|requests fail|\
         requests failing|calls failed|error rate|failure rate|fault rate",
    ),
    (Requests, "request|requests|call volume|traffic|invocations|requests are|calls come in|load"),
    (Success, "success rate|availability|successful|succeed|succeeds|succeeded|success|success share|available"),
    (
        Latency,
        "latency|latencies|response time|response times|mean latency|average latency|takes|took|take|taking|answers in|\
         answered in|responds in|responded in|respond in|answer in|duration|answer time|wait|waits|answer takes|\
         answering|answers|responding|responses|response|replies|mean response time",
    ),
    (
        Lines,
        "log line|log lines|line|lines|logged|logs|log|wrote|writes|log entries|entries|log entry|messages|message|\
         log messages|writing|logging|logged line|lines like|log lines like|log line like|say|says|said|saying",
    ),
    (Confidence, "confidence|sure|certainty|confident|confidence of"),
    (Slower, "slow|slower|slowed|slowing|slow down|slowed down|slowing down|slowness|sluggish|longer"),
    (Faster, "fast|faster|quicker|sped up|quick"),
    (
        Up,
        "rose|rises|rise|risen|rising|up|increase|increases|increased|increasing|grew|grow|grows|grown|growing|climbed|\
         climb|climbs|climbing|jumped|jump|jumps|jumping|higher|more|surged|surge|surges|surging|spiked|spike|spikes|\
         spiking|raised|elevated|high|went up|gone up|going up|goes up|shot up|soared|worsened|above normal|\
         above usual|above the usual|too high|too many|more often|increase in|rise in|jump in|larger|greater|\
         more than usual|more than the usual|higher than usual|higher than normal|more than normal|unusually high|\
         unusually many|abnormally high|climbed up",
    ),
    (
        Down,
        "fell|falls|fall|fallen|falling|drop|drops|dropped|dropping|decrease|decreases|decreased|decreasing|lower|fewer|\
         less|declined|decline|declines|declining|went down|gone down|going down|goes down|sank|sunk|shrank|low|\
         below normal|below usual|below the usual|less than usual|lower than usual|fewer than usual|lower than normal|\
         reduced|slumped|dipped|down|too low|collapsed|unusually low|fewer than normal|less often",
    ),
    (Times(4), "twice|double|doubled|doubling|doubles"),
    (Times(6), "tripled|triple|thrice|threefold|trebled"),
    (Times(8), "quadrupled|fourfold"),
    (Times(20), "tenfold"),
    (Times(1), "halved|halves"),
    (Multiple, "times|x|fold|time as"),
    (
        Alarm,
        "alarm|alarms|alarming|alarmed|in alarm|fired|fires|firing|went off|goes off|went to alarm|rang|\
         is in alarm|raised an alarm|raised the alarm|alerting|alerted|alert|goes to alarm|state alarm|alarm state|\
         triggered an alarm|alarm fired|alarm went off|alarm went to alarm|alarm is firing|alarm rang|set off its alarm|\
         set off an alarm|set off the alarm|first alarm",
    ),
    (Fine, "ok|recovered|recovers|recovery|resolved|cleared|back to normal|healthy|returned to normal|returned to ok"),
    (
        Trouble,
        "trouble|troubles|in trouble|suffers|suffer|suffered|suffering|affected|unhealthy|hit|impaired|degraded|hurt|\
         hurting|struggles|struggling|struggled|out of its normal range|out of normal range|left its normal range|\
         leaves its normal range|out of range|left its range|outside its normal range|outside of its normal range|\
         abnormal|anomalous|sick|problem|problems|issue|issues|suspect|impact|impacted|left the normal range|\
         out of their normal range|left their normal range",
    ),
    (
        Begin,
        "began|begin|begins|begun|started|start|starts|starting|beginning|since|onset|first seen|set in|sets in|\
         has been|first left|began at|as of|first went|first began",
    ),
    (
        First,
        "first|was first|is first|came first|went first|failed first|the first|first of all|started first|began first",
    ),
    (
        Change,
        "change|changes|changed|deploy|deploys|deployed|deployment|deployments|release|released|rollout|\
         configuration change|configuration|scaling|commit|rolled out|was changed|took effect|went live|shipped",
    ),
    (
        Cause,
        "cause|root cause|the root cause|culprit|to blame|blamed|source of the trouble|origin|origin of the trouble|\
         the source|causing this|causing it|responsible|at fault|guilty|at the root|the root|trigger|\
         where it comes from|behind this|behind it all",
    ),
    (
        CauseOf,
        "cause of|root cause of|origin of|source of|culprit behind|cause behind|responsible for|to blame for|reason for|\
         cause for|root of|trigger of|at the root of|blamed for",
    ),
    (
        Causes,
        "caused|causes|causing|cause trouble in|led to|leads to|leading to|triggered|triggers|triggering|resulted in|\
         results in|dragged down|drags down|dragging down|brought down|brings down|pulled down|pulls down|took down|\
         takes down|made|makes|broke|breaks|knocked out|knocks out|has caused|has led to|has dragged down|brought on|\
         brings about|brought about|produced|produces|so|therefore|hence|thus|and so|which is why|as a consequence|\
         consequently|explains|explain|slows down|is behind|was behind|set off|sets off|dragged|drags|provoked|\
         accounts for|affects|hurts",
    ),
    (
        CausedBy,
        "caused by|because|because of|due to|as a result of|as a consequence of|owing to|thanks to|comes from|came from|\
         come from|stems from|stemmed from|stem from|triggered by|brought down by|dragged down by|pulled down by|\
         resulted from|results from|result from|on account of|blamed on|explained by|led by|taken down by|hit by|\
         broken by|follows from|goes back to|traces back to|is down to|was down to|stemming from|resulting from|\
         coming from|driven by|set off by|brought on by|produced by|slowed down by|affected by|hurt by|provoked by|\
         arises from|can be traced to|can be traced back to|attributed to",
    ),
    (SpreadFrom, "spread from|spreads from|spreading from|moved from|went from|travelled from|passed from|ran from"),
    (
        SpreadTo,
        "spread to|spreads to|spreading to|spread on to|moved on to|moved to|reached|reaches|passed to|went on to|\
         travelled to|spread up to|passed on to|spilled over to|carried over to|rippled to|spread into|propagated to|\
         extended to|on to",
    ),
    (
        MayReach,
        "may spread to|could spread to|will spread to|may reach|will reach|may reach next|is expected to reach|\
         may spread next to|could reach|will spread next to|is expected to spread to|may hit|will hit|will hit next|\
         may hit next|hits next|will spread on to|puts at risk|threatens|endangers|will drag down|may drag down",
    ),
    (
        Calls,
        "calls|call|calling|depends on|depend on|relies on|rely on|uses|use|using|invokes|invoke|waits for|wait for|\
         is a caller of|needs|sends requests to|called|depending on|a caller of",
    ),
    (CalledBy, "called by|used by|invoked by|needed by|is called by|a callee of"),
    (
        Usual,
        "usual|usually|normal|normally|expected|baseline|ordinarily|typical|typically|ordinary|usual level|normal level|\
         the norm|usual rate|instead of|rather than|compared with|compared to|against|versus|vs|its usual|as against|\
         is usual|is normal|before the incident|beforehand|in as long a time before|in the same time before|usual is|\
         are usual|are normal|previously|up from the usual|its normal|normal for it|used to be|it used to be|\
         as usual|was usual|customary",
    ),
    (Than, "than"),
    (Between, "between"),
    (AtLeast, "at least|no less than|no fewer than|not less than"),
    (AtMost, "at most|up to|no more than|not more than|a maximum of"),
    (Above, "more than|over|above|exceeding|in excess of|upwards of|greater than|higher than|exceeds|exceeded|beyond"),
    (Below, "less than|fewer than|below|under the|lower than"),
    (About, "about|around|roughly|approximately|some|circa|ca|or so|close to|nearly about|in the region of"),
    (Nearly, "nearly|almost|just under|not quite"),
    (Later, "later|after that|afterwards|subsequently"),
    (Earlier, "earlier"),
    (After, "after|following|followed"),
    (Before, "before|ahead of|prior to|followed by"),
    (Ago, "ago"),
    (
        Next,
        "next|hit next|will be hit|will be hit next|is next|may be hit|may be hit next|could be hit|could be hit next|\
         expected to be hit|expected next|is expected to be hit|is expected to be hit next|will suffer|will suffer next|\
         is likely to be hit next|may suffer next|comes next|will follow|may follow|likely next|may suffer|\
         is expected to suffer|is expected to suffer next|is at risk|at risk|expected to suffer next|is in line next|\
         might be hit next|will be affected|will be affected next|may be affected next|about to be hit",
    ),
    (Within, "within|in about"),
    (
        Inspect,
        "look at|look into|inspect|check|investigate|examine|look first at|first look at|start at|have a look at|\
         take a look at|turn to|look closely at|best look at",
    ),
    (Warn, "warn|tell the owners of|alert the owners of|warn the owners of|inform|notify|give notice to|warn those of"),
    (Plan, "plan|a plan|plan for|planned|is planned|proposed|is proposed|remedy|proposal"),
    (
        Review,
        "review|review the change|look at the change|review the deploy|review the deployment|review the change of",
    ),
    (Sure(50, 97), "probably|likely|presumably|most likely|in all likelihood|very likely|very probably"),
    (Sure(90, 100), "almost certainly|nearly certainly"),
    (Sure(0, 75), "possibly|perhaps|maybe"),
    (
        NoCause,
        "no cause found|no cause was found|no cause is known|no cause has been found|no cause could be found|no cause|\
         no root cause|no root cause was found|the cause is unknown|the cause is not known|the cause is not known yet|\
         no cause stands out|no cause can be named|the cause is still unknown|the cause has not been found|\
         cause unknown|no single cause stands out|no cause is found|no cause has been found yet|no cause found yet|\
         a cause was not found|the cause could not be found|a cause could not be found|we found no cause",
    ),
    (
        NoGuilty,
        "no change is guilty|no change is to blame|no change explains it|no change explains this|no change is blamed|\
         none of the changes is guilty|none of the changes is to blame|no change near the onset is to blame|\
         no change near the onset explains it|no change stands out|no change was found guilty|no change seems guilty|\
         none of the changes explains it|no change near the onset is guilty|no change is to blame for it|\
         no guilty change was found|no guilty change|none of the changes near the onset is to blame",
    ),
    (Twelfths(6), "half|half of|half the|half of the|half of its|half its"),
    (Twelfths(4), "a third|one third|a third of|one third of"),
    (Twelfths(8), "two thirds|two thirds of"),
    (Twelfths(3), "a quarter|one quarter|a quarter of"),
    (Twelfths(9), "three quarters|three quarters of"),
    (Twelfths(0), "zero"),
    (Twelfths(12), "one"),
    (Twelfths(24), "two"),
    (Twelfths(36), "three"),
    (Twelfths(48), "four"),
    (Twelfths(60), "five"),
    (Twelfths(72), "six"),
    (Twelfths(84), "seven"),
    (Twelfths(96), "eight"),
    (Twelfths(108), "nine"),
    (Twelfths(120), "ten"),
    (Twelfths(132), "eleven"),
    (Twelfths(144), "twelve|dozen|a dozen"),
    (Factor(100), "hundred"),
    (Factor(1000), "thousand|k"),
    (Factor(1_000_000), "million"),
    (Milliseconds, "ms|msec|millisecond|milliseconds|millis"),
    (Seconds, "s|sec|secs|second|seconds"),
    (Minutes, "min|mins|minute|minutes"),
    (Hours, "h|hour|hours|hrs|hr"),
    (Percent, "%|percent|per cent|pct"),
    (Points, "percentage points|points"),
    (PerSecond, "a second|per second|each second|every second|/s|rps"),
    (PerMinute, "a minute|per minute|each minute|every minute|/min|rpm"),
    (PerHour, "an hour|per hour|each hour|every hour|/h|hourly"),
    (PerDay, "a day|per day|daily"),
    (Foreign, "day|days|week|weeks|kb|mb|gb|tb|bytes|dollars|usd|eur|euros|µs|us|ns|microseconds|users|customers"),
    (Services, "services|other services"),
    (Alarms, "alarms fired|alarms are firing|alarms went off"),
];

/// Words of the longest phrase.
pub(super) const LONGEST_PHRASE: usize = 8;

/// What a phrase, its words apart by one blank and in lower case, does; none for one that nobody knows.
pub(super) fn class_of(phrase: &str) -> Option<Class> {
    index().get(phrase).copied()
}

/// Whether a word can stand in a sentence without being a name.
pub(super) fn is_common(word: &str) -> bool {
    static COMMON: std::sync::LazyLock<std::collections::HashSet<&'static str>> =
        std::sync::LazyLock::new(|| LEXICON.iter().flat_map(|(_, all)| all.split(['|', ' '])).collect());
    COMMON.contains(word)
}

/// The first of two classes that claim one phrase has it: later lists may repeat what earlier ones said.
fn index() -> &'static std::collections::HashMap<&'static str, Class> {
    static INDEX: std::sync::LazyLock<std::collections::HashMap<&'static str, Class>> =
        std::sync::LazyLock::new(|| {
            let mut index = std::collections::HashMap::new();
            for (class, all) in LEXICON {
                for phrase in all.split('|') {
                    index.entry(phrase).or_insert(*class);
                }
            }
            index
        });
    &INDEX
}
