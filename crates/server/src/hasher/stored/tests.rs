use std::io::Write;
use std::process::{Command, Stdio};

use jotgate_testkit::interop::library;

use super::*;

const PASSWORD: &str = "correct horse battery stäple";

/// Hashes of [`PASSWORD`] by the libraries of other systems, in every format of the table.
const VECTORS: &[&str] = &[
    // Django 5.2.
    "pbkdf2_sha256$1000$r52Hgi2t5AkHeYrujiyTQH$LVgV16v5bEIqQG9Nm2d7o5tdQ2V4/AxqX/ITvQToWYs=",
    "pbkdf2_sha1$1000$uV8x7P69y8zfNZbvL1CSKK$vgt59TwkKcsWN02PZ4f0YEYqJwQ=",
    "argon2$argon2id$v=19$m=64,t=1,p=2$T3FhVHo3VllGcDhoRnVOQVhWcXVyQw$edF040Ou3YHtEya7qUM7oZY2GnJHY/G+vKqm3JSvKs8",
    "bcrypt_sha256$$2b$04$gs9oGoYEUU6.diRukZeo6eR.EyKwahtpQb5ORqmK5KvXhLNv/Z7re",
    "bcrypt$$2b$04$fTUmqQeabp4aYGPdS5yn0uX3emlGeZZf/g8oa.WxCEg9iJcTycAry",
    "scrypt$16$iZhjQyHTDXwh3fKu0tthn1$8$2$JiJK8JSJwjnXJ6MstihLpg70tX8Kwdp3nvfvmdQ5wgKOxewOwUEO0XxwuWsnj1afumHXEw5AkyMYW3sBxJbBeg==",
    // bcrypt 5.0 of Python and bcryptjs 3.0 of Node.js.
    "$2a$04$RQ5jIe/PckOTE32gjox1N.EebsPalwCL7qzlZXF6NidCopOLbeDkK",
    "$2b$04$SPquC1yXdjCipZOrFdYhEeR/42WQeOx8S/ls/qnidYoNudu8Dv3kq",
    "$2y$04$SPquC1yXdjCipZOrFdYhEeR/42WQeOx8S/ls/qnidYoNudu8Dv3kq",
    "$2b$04$ZnJzdOSe4YRCfdfoqaNNSu8RjDw2exFuMA1NbRvTMtQWan8mjnTli",
    // argon2-cffi 25.1.
    "$argon2id$v=19$m=64,t=2,p=2$ve6ndrEmkV2Eec/gnyuoFw$7aJC/mOgH3kBs3t8SIOl/PYLG75y0PTarkgyxGWqtcc",
    "$argon2i$v=19$m=64,t=2,p=2$8Vf+nb4KlUqBfn0UdrH1YA$+k9UxpKY25Vf5G3BtkihB3sLdLC+e+N5iYw6pyu3Xfc",
    // passlib 1.7.4.
    "$pbkdf2$1000$671XSglB6B2D0HpP6f3f2w$ry1suiwKrQ0r7zhzCeNL0pQnQR0",
    "$pbkdf2-sha256$1000$i1EqZaxVCqEUYmxNScnZGw$uD/tgM9vmkoL5oPyRFydfjGCH7CCSXDsKqECGxlu2ow",
    "$pbkdf2-sha256$i=1000,l=32$i1EqZaxVCqEUYmxNScnZGw$uD/tgM9vmkoL5oPyRFydfjGCH7CCSXDsKqECGxlu2ow",
    "$pbkdf2-sha512$1000$xhijtFYKobS2NmYMwXgvRQ$3FOOJd0TkkNYzNZdcfaUy5nv4YtmkvBXz1yY0SPo2rm2WhhZk1EkX7TmQlQv51bS81l3tmSNEVtN6YC38xfVcQ",
    "$scrypt$ln=4,r=8,p=1$fe/d27t3zhlDqFVqzbnX+g$N74eiFmYtiSHIXAgT5cm+o6iEsk0xK/+3Fw+zomwhMI",
    // firebase-scrypt 2.2 of Node.js.
    "$fbscrypt$v=1,n=5,r=8,p=1,ss=Bw==,sk=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==$YSBzYWx0IG9mIGl0cyBvd24=$C91O7Spa07UpDhd4iQOhdt5GM/hweHMYt9D6L43YfTgV6moY0h2gAuPXUz2rEgaTo/i6WIQ5Z9ITi5AzfeoXfw==",
];

#[track_caller]
fn check(hash: &str, password: &str, expected: bool) {
    let stored = Stored::read(hash).unwrap_or_else(|error| panic!("{hash}: {error}"));
    assert_eq!(stored.matches(password.as_bytes(), &mut Vec::new()), expected, "{hash}");
}

#[test]
fn hashes_of_other_systems_verify() {
    for hash in VECTORS {
        check(hash, PASSWORD, true);
        check(hash, "correct horse battery staple", false);
        check(hash, "", false);
    }
}

/// The example in the documentation of Firebase's scrypt.
#[test]
fn firebases_own_example_verifies() {
    let hash = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,\
        sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==\
        $lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    check(hash, "user1password", true);
    check(hash, "user2password", false);
}

/// RFC 9106 §5.2 has no PHC string; this is the reference implementation's own test of version 16, which has no `v=`.
#[test]
fn argon2_of_version_16_verifies() {
    check("$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ", "password", true);
}

/// The four last bits of the salt's last character mean nothing; some programs left them set.
#[test]
fn a_bcrypt_salt_with_bits_too_many_verifies() {
    check("$2b$04$SPquC1yXdjCipZOrFdYhEfR/42WQeOx8S/ls/qnidYoNudu8Dv3kq", PASSWORD, true);
}

#[test]
fn no_prefix_begins_another() {
    for format in FORMATS {
        let mut others = FORMATS.iter().filter(|other| other.prefix != format.prefix);
        assert!(!others.any(|other| other.prefix.starts_with(format.prefix)), "{}", format.prefix);
    }
}

#[track_caller]
fn refused(hash: &str, expected: Unusable) {
    assert_eq!(Stored::read(hash).map(drop), Err(expected), "{hash}");
}

#[test]
fn costs_that_would_stop_a_server_are_refused_unread() {
    let argon2 =
        |costs: &str| format!("$argon2id$v=19${costs}$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let memory = Unusable::Costly("it needs more than 256 MiB of memory");
    refused(&argon2("m=4194304,t=1,p=1"), Unusable::Costly("memory times passes is more than 1 GiB"));
    refused(&argon2("m=8,t=4294967295,p=1"), Unusable::Costly("memory times passes is more than 1 GiB"));
    refused(&argon2("m=524288,t=1,p=1"), memory);
    refused(&argon2("m=262144,t=1,p=65"), Unusable::Costly("it has more than 64 lanes"));
    let scrypt = |costs: &str| format!("$scrypt${costs}$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let work = Unusable::Costly("N times r times p is more than 4194304");
    refused(&scrypt("ln=62,r=8,p=1"), work);
    refused(&scrypt("ln=64,r=8,p=1"), work);
    refused(&scrypt("ln=4294967295,r=8,p=1"), work);
    refused(&scrypt("ln=10,r=4294967295,p=4294967295"), work);
    refused(&scrypt("ln=22,r=1,p=1"), memory);
    refused(
        "pbkdf2_sha256$4000001$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        Unusable::Costly("it has more than 4000000 iterations"),
    );
    refused(
        "$2b$31$SPquC1yXdjCipZOrFdYhEeR/42WQeOx8S/ls/qnidYoNudu8Dv3kq",
        Unusable::Costly("its cost is not from 4 to 15"),
    );
}

#[test]
fn what_is_no_hash_is_refused_with_the_reason() {
    refused("hunter2", Unusable::Unknown);
    refused("5f4dcc3b5aa765d61d8327deb882cf99", Unusable::Unknown);
    refused("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", Unusable::Weak("MD5"));
    refused("$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", Unusable::Weak("Argon2d"));
    refused("pbkdf2_sha256$1000$salt$AAAA", Unusable::Short);
    refused("pbkdf2_sha256$0$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", Unusable::Malformed("PBKDF2"));
    refused("scrypt$15$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", Unusable::Malformed("Django scrypt"));
    refused(
        "$pbkdf2-sha256$i=1000,l=31$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        Unusable::Malformed("PBKDF2"),
    );
    refused(
        &format!("$scrypt$ln=4,r=8,p=1$c2FsdA${}", "A".repeat(400)),
        Unusable::Costly("its output is longer than 128 bytes"),
    );
}

/// Whatever is cut off or changed, it is refused or verifies nothing, and never panics.
#[test]
fn damaged_hashes_are_refused_or_wrong() {
    for hash in VECTORS {
        for at in 0..hash.len() {
            let _ = Stored::read(&hash[..at]);
            for damage in ["$", "é", "\0", "9", "=", ","] {
                let damaged = [&hash[..at], damage, &hash[at + 1..]].concat();
                let _ = Stored::read(&damaged);
            }
        }
    }
}

#[test]
fn hashes_that_django_and_its_libraries_make_now_verify() {
    let Some(folder) = library("hashes_that_django_and_its_libraries_make_now_verify", "python", "django") else {
        return;
    };
    let mut python = Command::new("python3");
    python.args(["-c", include_str!("../interop/python.py")]).env("PYTHONPATH", folder);
    assert!(verify_all(python) >= 12);
}

#[test]
fn hashes_that_node_makes_now_verify() {
    let Some(folder) = library("hashes_that_node_makes_now_verify", "node", "node_modules/firebase-scrypt") else {
        return;
    };
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", include_str!("../interop/node.mjs")]).current_dir(folder);
    assert_eq!(verify_all(node), 2);
}

/// Has a program hash the password, and verifies all that it prints; tells how many.
fn verify_all(mut program: Command) -> usize {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let hashes = printed.lines().map(|line| line.split_once(' ').unwrap().1);
    hashes.inspect(|hash| check(hash, PASSWORD, true)).count()
}
