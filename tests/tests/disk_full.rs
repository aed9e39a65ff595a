//! A full disk: writes are refused so that clients try again, reads go on, and freed space is used
//! without a restart.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use luneta_tests::send::{Export, attribute, log_records, now, numbered_log, text};
use luneta_tests::{Options, Random, Server, until, until_some};

/// A small disk of its own.
struct SmallDisk {
    at: PathBuf,
    _scratch: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` when this user or this system cannot mount one.
    fn mount(mib: u64) -> Option<Self> {
        let scratch = tempfile::tempdir().unwrap();
        let at = scratch.path().join("disk");
        std::fs::create_dir(&at).unwrap();
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "none"]).arg(&at).output();
        match output {
            Ok(output) if output.status.success() => Some(Self { at, _scratch: scratch }),
            Ok(output) => {
                eprintln!("no small disk, a bound on file sizes instead: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("no small disk, a bound on file sizes instead: mount: {error}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server that used it may end a moment later.
        Command::new("umount").arg("-l").arg(&self.at).status().ok();
    }
}

/// Rows with an attribute that does not compress, so that both log and files grow.
fn batch(first: u64) -> Export {
    let mut random = Random::new(first);
    let mut noise = || (0..64).map(|_| random.number().to_string()).collect::<String>();
    let record = |n: u64| {
        let mut record = numbered_log(n, now());
        record.attributes.push(attribute("noise", text(noise())));
        record
    };
    log_records("s", (first..first + 100).map(record).collect())
}

/// What makes the disk full, and what frees space.
struct Disk<'a> {
    /// Called when some batches were acknowledged.
    fill: &'a dyn Fn(&Server),
    free: &'a dyn Fn(&Server),
    /// A word that the refusal must hold.
    refusal: &'a str,
}

/// Sends until the disk is full; returns the acknowledged batches.
fn fill(server: &Server, disk: &Disk<'_>, sent: &mut Vec<u64>, next: &mut u64) {
    until_some("a full disk", Duration::from_mins(1), || {
        if sent.len() == 10 {
            (disk.fill)(server);
        }
        let reply = batch(*next).post(server);
        *next += 100;
        match reply.status {
            200 => {
                sent.push(*next - 100);
                None
            }
            status => {
                assert_eq!(status, 503, "{}", reply.text());
                assert!(reply.headers.contains_key("retry-after"), "{:?}", reply.headers);
                Some(())
            }
        }
    });
    let status = batch(*next).grpc(server, None).unwrap_err();
    *next += 100;
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
}

fn check_rows(server: &Server, sent: &[u64], when: &str) {
    let rows = server.sql("SELECT CAST(attributes['n'] AS BIGINT) AS n, count(*) FROM logs GROUP BY 1 ORDER BY 1");
    let twice: Vec<_> = rows.iter().filter(|r| r[1] != 1).collect();
    assert!(twice.is_empty(), "{when}: there twice: {twice:?}");
    let found: std::collections::HashSet<u64> = rows.iter().map(|r| r[0].as_u64().unwrap()).collect();
    for first in sent {
        let missing: Vec<u64> = (*first..first + 100).filter(|n| !found.contains(n)).collect();
        assert!(missing.is_empty(), "{when}: acknowledged rows are missing: {missing:?}");
    }
}

/// Fills the disk, sees that reads go on, frees space and sees that writes do.
fn check(server: &mut Server, disk: &Disk<'_>) {
    let (mut sent, mut next) = (Vec::new(), 0);
    fill(server, disk, &mut sent, &mut next);
    assert!(sent.len() > 5, "only {} batches fit: the disk is too small to tell", sent.len());
    assert!(server.alive());
    check_rows(server, &sent, "on a full disk");
    assert!(server.refused("unavailable") >= 2);
    // A merge may have made room for one more.
    let refusal = until_some("another refusal", Duration::from_secs(30), || {
        let reply = batch(next).post(server);
        if reply.status == 200 {
            sent.push(next);
        }
        next += 100;
        (reply.status != 200).then(|| reply.text())
    });
    assert!(refusal.contains(disk.refusal), "the refusal does not say what is wrong: {refusal}");
    assert_eq!(server.get("/-/healthy").status, 200);
    (disk.free)(server);
    until("writes after space was freed", Duration::from_secs(30), || batch(next).post(server).status == 200);
    sent.push(next);
    next += 100;
    for _ in 0..5 {
        batch(next).accepted(server);
        sent.push(next);
        next += 100;
    }
    check_rows(server, &sent, "after space was freed");
    server.cycle();
    check_rows(server, &sent, "from files");
}

#[test]
fn full_disk() {
    let config = "luneta:\n  flush: {bytes: 2000000, interval: 1s}\n";
    if let Some(disk) = SmallDisk::mount(24) {
        let ballast = disk.at.join("ballast");
        std::fs::write(&ballast, vec![1; 12 * 1024 * 1024]).unwrap();
        let data = disk.at.join("data");
        // The output of the server goes there as well, so that it fails with the rest.
        let output = Some(disk.at.clone());
        let mut server = Server::start(Options { data: Some(data), output, ..Options::config(config) });
        check(&mut server, &Disk { fill: &|_| (), free: &|_| std::fs::remove_file(&ballast).unwrap(), refusal: "space" });
        return;
    }
    // Writes to files that may not grow fail in the same way, but for the number of the error. The
    // signal that would end the process is ignored.
    let wrapper = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"].map(str::to_owned).to_vec();
    let mut server = Server::start(Options { wrapper, ..Options::config(config) });
    let limit = |server: &Server, bytes: &str| {
        let arguments = [format!("--fsize={bytes}:unlimited"), format!("--pid={}", server.pid())];
        assert!(Command::new("prlimit").args(arguments).status().unwrap().success());
    };
    check(&mut server, &Disk { fill: &|s| limit(s, "0"), free: &|s| limit(s, "unlimited"), refusal: "too large" });
}

/// A folder that cannot be written at all is named at start.
#[test]
fn folder_that_is_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let file: &Path = &scratch.path().join("file");
    std::fs::write(file, "x").unwrap();
    let output = Command::new(luneta_tests::server::binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&file.display().to_string()), "{text}");
}
