//! All groups of all files: started, told of, read anew.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::file::{FileError, RuleFile, files};
use crate::group::Group;
use crate::snapshot::GroupView;
use crate::{Lake, LakeError};

/// Which rules there are.
#[derive(Debug, Clone)]
pub struct RulesConfig {
    /// Patterns of paths of rule files.
    pub files: Vec<String>,
    /// Time from one evaluation to the next, for groups that name none.
    pub interval: Duration,
    /// How long before the time of evaluation queries look, for groups that name none.
    pub query_offset: Duration,
    /// Queries that the templates of one rule may ask in one evaluation; equal ones are asked once.
    pub template_queries_max: usize,
}

impl Default for RulesConfig {
    fn default() -> Self {
        Self { files: Vec::new(), interval: Duration::from_mins(1), query_offset: Duration::ZERO, template_queries_max: 200 }
    }
}

/// Rules that run.
pub struct Rules {
    lake: Arc<dyn Lake>,
    config: RulesConfig,
    running: Mutex<Vec<Running>>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("config", &self.config).finish_non_exhaustive()
    }
}

struct Running {
    told: Arc<Mutex<GroupView>>,
    stop: watch::Sender<Stop>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    No,
    /// The server stops; it goes on later.
    Pause,
    /// The group is there no longer.
    End,
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Rules {
    /// Reads the files and starts their groups.
    ///
    /// # Errors
    /// [`FileError`] of the first file that is wrong; nothing was started.
    pub fn start(lake: Arc<dyn Lake>, config: RulesConfig) -> Result<Self, FileError> {
        let groups = load(&config)?;
        let running = groups.into_iter().map(|group| spawn(group, Arc::clone(&lake))).collect();
        Ok(Self { lake, config, running: Mutex::new(running) })
    }

    /// Reads the files anew. Groups that changed, and those that did not, begin anew from what they wrote;
    /// the series of groups that are gone end.
    ///
    /// # Errors
    /// [`FileError`]; all groups run on as they were.
    pub async fn reload(&self) -> Result<(), FileError> {
        let groups = load(&self.config)?;
        let names: Vec<(String, String)> = groups.iter().map(|g| (g.name().0.to_owned(), g.name().1.to_owned())).collect();
        let old = std::mem::take(&mut *self.running());
        for running in old {
            let stays = {
                let told = running.told.lock().unwrap_or_else(PoisonError::into_inner);
                names.contains(&(told.file.clone(), told.name.clone()))
            };
            running.stop(if stays { Stop::Pause } else { Stop::End }).await;
        }
        let started: Vec<Running> = groups.into_iter().map(|group| spawn(group, Arc::clone(&self.lake))).collect();
        *self.running() = started;
        Ok(())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is told of all groups, by file and in their order there.
    pub fn groups(&self) -> Vec<GroupView> {
        let told = |running: &Running| running.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.running().iter().map(told).collect()
    }

    /// Lets evaluations that run come to their end, and begins no others.
    pub async fn stop(&self) {
        let all = std::mem::take(&mut *self.running());
        for running in all {
            running.stop(Stop::Pause).await;
        }
    }
}

impl Running {
    async fn stop(self, how: Stop) {
        self.stop.send_replace(how);
        if self.task.await.is_err() {
            tracing::warn!("a group of rules was given up");
        }
    }
}

fn load(config: &RulesConfig) -> Result<Vec<Group>, FileError> {
    let mut out = Vec::new();
    for path in files(&config.files)? {
        let shown = path.display().to_string();
        for group in RuleFile::read(&path)?.groups {
            let group = Group::new(&shown, group, config);
            out.push(group.map_err(|message| FileError::Content { path: PathBuf::from(&shown), message })?);
        }
    }
    Ok(out)
}

fn spawn(mut group: Group, lake: Arc<dyn Lake>) -> Running {
    let (stop, mut stopped) = watch::channel(Stop::No);
    let told = group.told();
    let task = tokio::spawn(async move {
        let (file, name) = group.name();
        let clock = Clock::new(file, name, group.interval());
        let mut next = clock.after(now_ms());
        loop {
            let wait = u64::try_from(next.saturating_sub(now_ms())).unwrap_or(0);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait)) => {}
                _ = stopped.changed() => break,
            }
            group.run(lake.as_ref(), next).await;
            // Times that were missed are not made up for.
            next = clock.at_or_before(now_ms()).max(next);
            next = clock.after(next);
        }
        if *stopped.borrow() == Stop::End {
            group.end(lake.as_ref(), now_ms()).await;
        }
    });
    Running { told, stop, task }
}

impl From<String> for LakeError {
    fn from(message: String) -> Self {
        Self(message)
    }
}
