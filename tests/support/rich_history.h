#pragma once
// An account's history in which everything happens that can happen to people, codes, devices, tokens and sessions:
// random commands from a seed, decided on a Ledger, and their events written to a log as a server would have written
// them, a frame a command. Seals are the Ledger's, so no key opens them; the key store is a real one, so every HMAC
// fits.

#include <filesystem>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "tests/support/scratch_directory.h"

namespace countersign::testing {

class RichHistory {
 public:
  RichHistory(std::uint64_t seed, std::size_t commands);

  struct Written {
    domain::UnixMs time = 0;
    std::vector<std::string> events;
  };
  std::filesystem::path directory() const { return scratch_.path() + "/data"; }
  domain::AccountId account;
  std::vector<Written> frames;

 private:
  ScratchDirectory scratch_;
};

}  // namespace countersign::testing
