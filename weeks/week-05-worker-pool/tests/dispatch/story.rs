//! Plays a story of commands, and holds what was said against what the story says.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use worker_pool::{Class, ClassId, Classes, Dispatch, Refusal};

/// Plays one story.
pub(crate) fn play(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dispatch").join(file);
    let story = std::fs::read_to_string(path).unwrap();
    let (mut played, mut stage, mut lines) = (String::new(), Stage::default(), story.lines().peekable());
    while let Some(line) = lines.next() {
        played += &format!("{line}\n");
        if line == "---" {
            // What the story says is replaced by what was said.
            played += &stage.said();
            while lines.next_if(|line| !line.is_empty()).is_some() {}
        } else if !line.is_empty() && !line.starts_with('#') {
            stage.command(line);
        }
    }
    assert_eq!(stage.said(), "", "something was said after the last `---` of {file}");
    assert!(played == story, "{file} was played, and became:\n{played}");
}

/// The dispatch of a story, and what its tasks are.
#[derive(Default)]
struct Stage {
    classes: Vec<Class>,
    dispatch: Option<Dispatch<String>>,
    /// How long the tasks of a flood take, by class.
    lasts: BTreeMap<usize, Duration>,
    said: Vec<String>,
}

impl Stage {
    fn said(&mut self) -> String {
        std::mem::take(&mut self.said).iter().map(|line| format!("{line}\n")).collect()
    }

    fn command(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["class", name, weight, queue, running, budget] => {
                if self.dispatch.take().is_some() {
                    self.classes.clear();
                }
                self.classes.push(Class {
                    name: name.into(),
                    weight: value(weight, "weight=").parse().unwrap(),
                    queue_max: value(queue, "queue=").parse().unwrap(),
                    running_max: value(running, "running=").parse().unwrap(),
                    budget: time(value(budget, "budget=")),
                });
            }
            ["offer", class, ref tasks @ ..] => tasks.iter().for_each(|task| self.offer(class, task)),
            ["flood", class, count, "of", lasts] => {
                let id = self.id(class);
                self.lasts.insert(usize::from(id.0), time(lasts));
                for task in 0..count.parse::<u32>().unwrap() {
                    self.dispatch().offer(task.to_string(), id, Instant::now()).unwrap();
                }
            }
            ["take"] => {
                let said = match self.dispatch().take() {
                    None => "nothing".to_owned(),
                    Some(taken) => {
                        format!("{} of {}", taken.task, self.classes[usize::from(taken.class.0)].name)
                    }
                };
                self.said.push(said);
            }
            ["done", class, ran] => {
                let id = self.id(class);
                self.dispatch().finished(id, time(ran));
            }
            ["work", tasks] => self.work(tasks.parse().unwrap()),
            ["depths"] => {
                let depths: Vec<_> = self.dispatch().depths().collect();
                for (class, depth) in self.classes.iter().zip(depths) {
                    let (waiting, running, refused) = (depth.waiting, depth.running, depth.refused);
                    self.said
                        .push(format!("{}: {waiting} wait, {running} run, {refused} refused", class.name));
                }
            }
            ["close"] => {
                self.dispatch().close();
                let said = if self.dispatch().is_open() { "open" } else { "closed" };
                self.said.push(said.into());
            }
            ["clear"] => {
                let cleared = self.dispatch().clear();
                let name = |class: ClassId| &self.classes[usize::from(class.0)].name;
                let said: Vec<String> =
                    cleared.iter().map(|taken| format!("{} of {}", taken.task, name(taken.class))).collect();
                self.said.push(said.join(", "));
            }
            _ => panic!("no such command: {line}"),
        }
    }

    fn dispatch(&mut self) -> &mut Dispatch<String> {
        let classes = &self.classes;
        self.dispatch.get_or_insert_with(|| Dispatch::new(&Classes::new(classes.clone()).unwrap()))
    }

    /// The class of this name; one that is not there has an id that is not there either.
    fn id(&self, name: &str) -> ClassId {
        let at = self.classes.iter().position(|class| class.name == name);
        ClassId(at.unwrap_or(self.classes.len()) as u8)
    }

    fn offer(&mut self, class: &str, task: &str) {
        let id = self.id(class);
        let said = match self.dispatch().offer(task.to_owned(), id, Instant::now()) {
            Ok(()) => format!("{task} accepted"),
            Err(back) => {
                let why = match back.why {
                    Refusal::Full(waiting) => format!("{waiting} of its class wait"),
                    Refusal::Closed => "closed".into(),
                    Refusal::UnknownClass => "no such class".into(),
                };
                // The name is the one of the task that came back.
                format!("{} back: {why}", back.task)
            }
        };
        self.said.push(said);
    }

    /// One worker takes and ends so many tasks of the floods; says whose they were.
    fn work(&mut self, tasks: u32) {
        let mut runs: Vec<(u32, usize)> = Vec::new();
        for _ in 0..tasks {
            let taken = self.dispatch().take().unwrap();
            let class = usize::from(taken.class.0);
            let lasts = self.lasts[&class];
            self.dispatch().finished(taken.class, lasts);
            match runs.last_mut() {
                Some((count, last)) if *last == class => *count += 1,
                _ => runs.push((1, class)),
            }
        }
        let runs: Vec<String> =
            runs.iter().map(|(count, class)| format!("{count} {}", self.classes[*class].name)).collect();
        self.said.push(runs.join(", "));
    }
}

fn value<'a>(word: &'a str, name: &str) -> &'a str {
    word.strip_prefix(name).unwrap_or_else(|| panic!("{name}… was expected, and not {word}"))
}

fn time(word: &str) -> Duration {
    match (word.strip_suffix("ms"), word.strip_suffix('s')) {
        (Some(ms), _) => Duration::from_millis(ms.parse().unwrap()),
        (_, Some(s)) => Duration::from_secs(s.parse().unwrap()),
        _ => panic!("{word} is no time"),
    }
}
