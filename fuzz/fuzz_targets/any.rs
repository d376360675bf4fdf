//! The target that `TRELLIS_FUZZ_TARGET` names, for libFuzzer. `TRELLIS_FUZZ_SEEDS` names a folder for the inputs
//! that it begins with.
#![no_main]

use std::{env, fs, path::Path, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use trellis_fuzz::{Target, seeds, target};

static NAMED: LazyLock<&Target> = LazyLock::new(|| {
    let name = env::var("TRELLIS_FUZZ_TARGET").expect("TRELLIS_FUZZ_TARGET names a target");
    target(&name).expect("a target of that name")
});

fuzz_target!(
    init: {
        if let Ok(folder) = env::var("TRELLIS_FUZZ_SEEDS") {
            for (n, seed) in seeds(NAMED.name).iter().enumerate() {
                fs::write(Path::new(&folder).join(format!("seed-{n}")), seed).expect("a seed");
            }
        }
    },
    |data: &[u8]| (NAMED.run)(data)
);
