//! Classes of work: what may wait, what may run, and at whose expense.

use std::time::Duration;

/// Classes of one pool. A scan over all of them is cheaper than any structure.
pub const CLASSES_MAX: usize = 8;
/// The largest weight.
pub const WEIGHT_MAX: u32 = 1000;
/// Tasks of one class that may wait at once.
pub const QUEUE_TASKS_MAX: usize = 1 << 16;
/// The longest budget of a task: a minute. What takes longer is no task beside an event loop.
pub const BUDGET_MAX: Duration = Duration::from_secs(60);

/// The place of a class in its pool's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u8);

impl ClassId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

// ANCHOR: class
/// One class of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name, for logs and tables.
    pub name: String,
    /// Its share of the workers' time while others want it too, relative to theirs.
    pub weight: u32,
    /// Tasks that may wait. One more is refused.
    pub queue_max: usize,
    /// Tasks that may run at once: fewer than there are workers keep one free for the others.
    pub running_max: usize,
    /// How long one task may run before it is cancelled.
    pub budget: Duration,
}
// ANCHOR_END: class

/// Why a list of classes is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassError {
    /// None, or too many.
    #[error("a pool has 1 to {CLASSES_MAX} classes, and not {0}")]
    Count(usize),
    /// A value out of its range.
    #[error("`{name}` of class `{class}` is {value}, and may be {allowed}")]
    Range {
        /// The class.
        class: String,
        /// The value's name.
        name: &'static str,
        /// The value.
        value: String,
        /// The range.
        allowed: String,
    },
    /// A task for a class that the pool does not have would have nowhere to go.
    #[error("class `{0}` is there twice")]
    Twice(String),
}

/// The classes of a pool, each within its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes(Vec<Class>);

impl Classes {
    /// These classes.
    ///
    /// # Errors
    /// [`ClassError`].
    pub fn new(classes: Vec<Class>) -> Result<Self, ClassError> {
        if !(1..=CLASSES_MAX).contains(&classes.len()) {
            return Err(ClassError::Count(classes.len()));
        }
        for (at, class) in classes.iter().enumerate() {
            if classes[..at].iter().any(|other| other.name == class.name) {
                return Err(ClassError::Twice(class.name.clone()));
            }
            let range = |name, value: String, allowed: String| ClassError::Range {
                class: class.name.clone(),
                name,
                value,
                allowed,
            };
            if !(1..=WEIGHT_MAX).contains(&class.weight) {
                return Err(range("weight", class.weight.to_string(), format!("1 to {WEIGHT_MAX}")));
            }
            if !(1..=QUEUE_TASKS_MAX).contains(&class.queue_max) {
                return Err(range(
                    "queue_max",
                    class.queue_max.to_string(),
                    format!("1 to {QUEUE_TASKS_MAX}"),
                ));
            }
            if class.running_max == 0 {
                return Err(range("running_max", "0".into(), "1 and more".into()));
            }
            if class.budget.is_zero() || class.budget > BUDGET_MAX {
                return Err(range(
                    "budget",
                    format!("{:?}", class.budget),
                    format!("above 0 up to {BUDGET_MAX:?}"),
                ));
            }
        }
        Ok(Classes(classes))
    }

    /// All of them, in order.
    pub fn as_slice(&self) -> &[Class] {
        &self.0
    }

    /// The class with this id, where there is one.
    pub fn get(&self, id: ClassId) -> Option<&Class> {
        self.0.get(id.index())
    }

    /// The sum of what may wait in all classes.
    pub fn queue_max(&self) -> usize {
        self.0.iter().map(|class| class.queue_max).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class() -> Class {
        Class { name: "c".into(), weight: 1, queue_max: 1, running_max: 1, budget: Duration::from_millis(1) }
    }

    #[test]
    fn every_bound_is_allowed_and_one_past_it_is_refused_by_name() {
        let with = |change: fn(&mut Class)| {
            let mut class = class();
            change(&mut class);
            Classes::new(vec![class])
        };
        for allowed in [
            with(|c| c.weight = WEIGHT_MAX),
            with(|c| c.queue_max = QUEUE_TASKS_MAX),
            with(|c| c.budget = BUDGET_MAX),
            with(|c| c.running_max = usize::MAX),
        ] {
            allowed.unwrap();
        }
        for (refused, name) in [
            (with(|c| c.weight = 0), "weight"),
            (with(|c| c.weight = WEIGHT_MAX + 1), "weight"),
            (with(|c| c.queue_max = 0), "queue_max"),
            (with(|c| c.queue_max = QUEUE_TASKS_MAX + 1), "queue_max"),
            (with(|c| c.running_max = 0), "running_max"),
            (with(|c| c.budget = Duration::ZERO), "budget"),
            (with(|c| c.budget = BUDGET_MAX + Duration::from_nanos(1)), "budget"),
        ] {
            assert!(matches!(refused, Err(ClassError::Range { name: of, .. }) if of == name), "{name}");
        }
    }

    #[test]
    fn a_pool_has_some_classes_each_once_and_not_too_many() {
        let named = |n: usize| (0..n).map(|n| Class { name: n.to_string(), ..class() }).collect();
        assert_eq!(Classes::new(named(CLASSES_MAX)).unwrap().queue_max(), CLASSES_MAX);
        assert_eq!(Classes::new(named(0)), Err(ClassError::Count(0)));
        assert_eq!(Classes::new(named(CLASSES_MAX + 1)), Err(ClassError::Count(CLASSES_MAX + 1)));
        assert_eq!(Classes::new(vec![class(), class()]), Err(ClassError::Twice("c".into())));
    }
}
