//! Which stores want a record: the mask of its row.

use predicate::selector::{self, Owner};
use predicate::{Matcher, Set};
use record::RecordView;
use serde_json::Value;

use super::{Store, StoreError, StoreKind};

/// The selectors of a store, ready to be asked.
pub(super) struct Selectors {
    set: Set,
    kind: StoreKind,
    /// The list alone, as AWS answers it.
    list: Value,
}

impl Selectors {
    /// Reads AWS's document, and refuses what AWS refuses.
    pub fn parse(document: &Value) -> Result<Selectors, StoreError> {
        let refused = |text: String| StoreError::Selectors(text);
        let document = selector::read_value(document).map_err(|error| refused(error.to_string()))?;
        if let Some(refusal) = selector::check(&document.selectors, Owner::EventDataStore).first() {
            let place = if refusal.selector > 0 { format!("selector {}: ", refusal.selector) } else { String::new() };
            let hint = if refusal.hint.is_empty() { String::new() } else { format!("; {}", refusal.hint) };
            return Err(refused(format!("{place}{}{hint}", refusal.what)));
        }
        let kind = kind(&document.selectors)?;
        let expr = selector::lower(&document.selectors);
        let set = Set::new(expr.as_ref()).map_err(|error| refused(error.to_string()))?;
        let list = serde_json::from_str(&selector::to_json(&document.selectors)).map_err(|error| refused(error.to_string()))?;
        Ok(Selectors { set, kind, list })
    }

    /// The selectors of a store.
    pub fn of(store: &Store) -> Result<Selectors, StoreError> {
        Selectors::parse(store.advanced_event_selectors.as_ref().unwrap_or(&Value::Null))
    }

    /// Which kind of store they make.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// The list of selectors, without what stood around it.
    pub fn into_list(self) -> Value {
        self.list
    }

    /// What asks them.
    pub fn matcher(&self) -> Matcher<'_> {
        Matcher::new(&self.set)
    }
}

/// Events of one kind go together in a store.
fn kind(selectors: &selector::Selectors) -> Result<StoreKind, StoreError> {
    let selector::Selectors::Advanced(list) = selectors else {
        return Err(StoreError::Selectors("an event data store takes advanced event selectors only".to_owned()));
    };
    let categories = list.iter().flat_map(|selector| &selector.field_selectors).filter(|field| field.field == "eventCategory");
    let mut kinds: Vec<StoreKind> =
        categories.flat_map(|field| &field.equals).map(|name| kind_of(name)).collect::<Result<_, _>>()?;
    kinds.dedup();
    match kinds.as_slice() {
        [kind] => Ok(*kind),
        _ => Err(StoreError::Selectors(
            "a store holds CloudTrail events, Insights events or activity from outside AWS, and not two of them; make a store for each"
                .to_owned(),
        )),
    }
}

fn kind_of(category: &str) -> Result<StoreKind, StoreError> {
    match category {
        "Management" | "Data" | "NetworkActivity" => Ok(StoreKind::CloudTrail),
        "Insight" => Ok(StoreKind::Insight),
        "ActivityAuditLog" => Ok(StoreKind::ActivityAuditLog),
        other => Err(StoreError::Selectors(format!("there are no events of category `{other}` in this lake"))),
    }
}

/// All stores that take records in, asked together.
#[derive(Default)]
pub(crate) struct Chooser {
    set: Set,
    /// The stores of the set, in its order.
    choosy: Vec<Store>,
    /// Every store.
    all: Vec<Store>,
}

impl Chooser {
    /// Makes the stores ready. One whose selectors cannot be read any more takes nothing in: an import repairs it later.
    pub fn of(stores: &[Store]) -> Chooser {
        let mut choosy = Vec::new();
        let mut exprs = Vec::new();
        for store in stores.iter().filter(|store| store.is_ingesting() && !store.is_events()) {
            let document = store.advanced_event_selectors.as_ref().and_then(|document| selector::read_value(document).ok());
            if let Some(expr) = document.and_then(|document| selector::lower(&document.selectors)) {
                choosy.push(store.clone());
                exprs.push(expr);
            }
        }
        let all = stores.to_vec();
        match Set::new(&exprs) {
            Ok(set) => Chooser { set, choosy, all },
            Err(_) => Chooser { set: Set::default(), choosy: Vec::new(), all },
        }
    }

    /// What asks them.
    pub fn matcher(&self) -> Matcher<'_> {
        Matcher::new(&self.set)
    }

    /// Whether an event is past the retention of every store.
    pub fn is_expired(&self, time: Option<i64>, now_us: i64) -> bool {
        time.is_some_and(|time| self.all.iter().all(|store| store.is_gone(now_us) || time < store.cutoff_us(now_us)))
    }

    /// The stores that want a record, one bit each; the default store wants every one.
    pub fn membership(&self, matcher: &mut Matcher<'_>, view: RecordView<'_>, time: Option<i64>, now_us: i64) -> i64 {
        let mut mask = 1;
        if self.choosy.is_empty() {
            return mask;
        }
        let mut hits = Vec::new();
        matcher.view(view, &mut hits);
        for store in hits.into_iter().filter_map(|at| self.choosy.get(at)) {
            if time.is_none_or(|time| time >= store.cutoff_us(now_us)) {
                mask |= store.mask();
            }
        }
        mask
    }
}
