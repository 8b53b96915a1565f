//! What a server speaks about: the incident of a capsule, or the ones there are. It turns what a client says into what a tool
//! takes: the incident becomes its alarms, and the moment is filled in.

use super::memo::Memo;
use super::recording::{ID, Recording};
use super::schema::has_moment;
use crate::capsule::{Capsule, World};
use crate::context::GetContextDelta;
use crate::dependency::MapServiceDependencies;
use crate::model::{Alarm, Incident, IncidentId, ScopeId};
use crate::ports::{Clock, Outside};
use crate::recovery::policy::PersonId;
use crate::tool::{Subject, Tool, ToolError, ToolSpec};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The argument that names the incident.
pub(super) const INCIDENT: &str = "incident";

/// The argument that names the moment.
pub(super) const AT: &str = "at";

/// Incidents whose last alarm came so long ago are not listed.
const MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a tool may take, unless something else is asked for.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a server speaks about.
#[derive(Clone, Debug)]
pub struct Desk {
    pub(super) outside: Outside,
    pub(super) about: About,
    pub(super) deadline: Duration,
    pub(super) memo: Memo,
}

#[derive(Clone, Debug)]
pub(super) enum About {
    /// One recorded incident.
    Capsule(Arc<Capsule>),
    /// The incidents of these scopes.
    Live { clock: Arc<dyn Clock>, scopes: Vec<ScopeId> },
}

impl Desk {
    /// Speaks about the one incident of a capsule, to whose alarms `INC-1` is given as a name.
    pub fn capsule(capsule: Arc<Capsule>) -> Self {
        let casebook = Arc::new(Recording::of(Arc::clone(&capsule)));
        let outside = Outside { casebook, ..World::outside(Arc::clone(&capsule)) };
        Self { outside, about: About::Capsule(capsule), deadline: DEADLINE, memo: Memo::default() }
    }

    /// Speaks about the incidents of these scopes, as `outside` tells of them now.
    pub fn live(outside: Outside, clock: Arc<dyn Clock>, scopes: Vec<ScopeId>) -> Self {
        Self { outside, about: About::Live { clock, scopes }, deadline: DEADLINE, memo: Memo::default() }
    }

    /// The same, with another limit to how long a tool may take.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The present moment: of a recording its end.
    pub(super) fn now(&self) -> Timestamp {
        match &self.about {
            About::Capsule(capsule) => capsule.window.to,
            About::Live { clock, .. } => clock.now(),
        }
    }

    /// Who asks where nobody is known: whoever plays with a recording may ask, and hears that nobody is there to decide.
    pub(super) fn listener(&self) -> Option<PersonId> {
        match &self.about {
            About::Capsule(_) => Some(PersonId("whoever listens".to_owned())),
            About::Live { .. } => None,
        }
    }

    /// Which moments can be asked about, as the end of a description.
    pub(super) fn moments(&self) -> String {
        match &self.about {
            About::Capsule(capsule) => format!(
                "in RFC 3339 with a zone, from {} to {}; nothing later is read. Left out: the end.",
                capsule.window.from, capsule.window.to
            ),
            About::Live { .. } => {
                "in RFC 3339 with a zone, not later than now; nothing later is read. Left out: now, or the \
                                   end of an incident that is over."
                    .to_owned()
            }
        }
    }

    /// The incidents, the latest first, open or not.
    pub(super) async fn incidents(&self) -> Result<Vec<Incident>, String> {
        let mut all = Vec::new();
        let nowhere = [ScopeId("capsule".to_owned())];
        let (scopes, since) = match &self.about {
            About::Capsule(capsule) => (nowhere.as_slice(), capsule.window.from),
            About::Live { clock, scopes } => {
                (scopes.as_slice(), clock.now().saturating_sub(MEMORY).unwrap_or(Timestamp::MIN))
            }
        };
        for scope in scopes {
            all.extend(self.outside.casebook.incidents(scope, since).await.map_err(|gap| gap.because)?);
        }
        all.sort_by(|one, other| other.last_alarm_at().cmp(&one.last_alarm_at()).then_with(|| one.id.cmp(&other.id)));
        Ok(all)
    }

    /// The incidents that are not over, the latest first.
    pub(super) async fn open(&self) -> Result<Vec<Incident>, String> {
        let is_recording = matches!(self.about, About::Capsule(_));
        let mut incidents = self.incidents().await?;
        incidents.retain(|incident| is_recording || incident.ended_at().is_none());
        Ok(incidents)
    }

    /// An incident; left out, the only one that is open.
    pub(super) async fn incident(&self, id: Option<IncidentId>) -> Result<Incident, String> {
        let Some(id) = id else { return self.only().await };
        let found = self.outside.casebook.incident(id).await.map_err(|gap| gap.because)?;
        let is_served = |incident: &Incident| match &self.about {
            About::Capsule(_) => true,
            About::Live { scopes, .. } => scopes.contains(&incident.scope),
        };
        found.filter(is_served).ok_or_else(|| format!("there is no {id}"))
    }

    async fn only(&self) -> Result<Incident, String> {
        let mut open = self.open().await?;
        match open.len() {
            0 => Err(match &self.about {
                About::Capsule(capsule) => {
                    format!("`{}` has no alarm by {}, so there is nothing to explain", capsule.name, self.now())
                }
                About::Live { .. } => "no incident is open; name one as `incident`, like `INC-7`".to_owned(),
            }),
            1 => Ok(open.remove(0)),
            more => {
                let names: Vec<String> = open.iter().take(20).map(|incident| incident.id.to_string()).collect();
                Err(format!("{more} incidents are open; name one as `incident`: {}", names.join(", ")))
            }
        }
    }

    /// From what a client says to what a tool takes. What goes wrong is the client's to read: one sentence.
    pub(super) async fn arguments(&self, spec: &ToolSpec, mut said: Map<String, Value>) -> Result<Value, String> {
        let wrong =
            |path: &str, problem| ToolError::Arguments { tool: spec.name, path: path.to_owned(), problem }.to_string();
        if let Some(ours) = ["alarms", "now"].into_iter().find(|ours| said.contains_key(*ours)) {
            return Err(wrong(ours, "the server fills this in; leave it out".to_owned()));
        }
        let id = match said.remove(INCIDENT) {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) => Some(
                IncidentId::try_from(id).map_err(|_| wrong(INCIDENT, "an incident looks like `INC-7`".to_owned()))?,
            ),
            Some(_) => return Err(wrong(INCIDENT, "an incident is written as text, like `INC-7`".to_owned())),
        };
        if said.contains_key(AT) && !has_moment(spec) {
            return Err(wrong(AT, "this tool speaks about now; leave it out".to_owned()));
        }
        let at = match said.remove(AT) {
            None | Some(Value::Null) => None,
            Some(Value::String(at)) => Some(at.parse::<Timestamp>().map_err(|_| {
                wrong(AT, format!("this is no RFC 3339 time with a zone; one looks like {}", self.now()))
            })?),
            Some(_) => return Err(wrong(AT, format!("a time is written as text; one looks like {}", self.now()))),
        };
        if let Some(at) = at.filter(|at| *at > self.now()) {
            return Err(wrong(AT, format!("{at} has not come yet: nothing is known after {}", self.until())));
        }
        match spec.subject {
            Subject::Incident => {
                let incident = self.incident(id).await?;
                said.insert(INCIDENT.to_owned(), json!(incident.id));
                said.insert("now".to_owned(), json!(at.unwrap_or_else(|| self.now())));
            }
            Subject::Alarms => {
                let (alarms, now) = self.alarms(spec, id, at).await?;
                said.insert("alarms".to_owned(), json!(alarms));
                said.insert("now".to_owned(), json!(now));
            }
        }
        Ok(Value::Object(said))
    }

    /// Where knowledge ends, as a phrase.
    fn until(&self) -> String {
        match &self.about {
            About::Capsule(capsule) => format!("{}, where `{}` ends", capsule.window.to, capsule.name),
            About::Live { clock, .. } => clock.now().to_string(),
        }
    }

    /// The alarms that a tool is asked about, and the moment.
    async fn alarms(
        &self,
        spec: &ToolSpec,
        id: Option<IncidentId>,
        at: Option<Timestamp>,
    ) -> Result<(Vec<Alarm>, Timestamp), String> {
        let is_map = spec.name == MapServiceDependencies::SPEC.name;
        if let About::Capsule(capsule) = &self.about {
            let now = at.unwrap_or(capsule.window.to);
            if let Some(odd) = id.filter(|id| *id != ID) {
                return Err(format!("there is no {odd}; the incident of `{}` is {ID}", capsule.name));
            }
            let alarms = capsule.alarms_until(now);
            if alarms.is_empty() && !is_map {
                return Err(format!("`{}` has no alarm by {now}, so there is nothing to explain", capsule.name));
            }
            return Ok((alarms, now));
        }
        // The map is the same without any incident.
        if is_map && id.is_none() {
            return Ok((Vec::new(), at.unwrap_or_else(|| self.now())));
        }
        let incident = self.incident(id).await?;
        let now = at.or(incident.ended_at()).unwrap_or_else(|| self.now());
        let joined = incident.alarms.iter();
        let mut alarms: Vec<Alarm> = if spec.name == GetContextDelta::SPEC.name {
            joined.flat_map(|joined| joined.every_transition()).collect()
        } else {
            joined.map(|joined| joined.as_it_fired()).collect()
        };
        alarms.retain(|alarm| alarm.changed_at <= now);
        if alarms.is_empty() && !is_map {
            return Err(format!("{} has no alarm by {now}, so there is nothing to explain", incident.id));
        }
        Ok((alarms, now))
    }
}
