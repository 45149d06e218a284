#pragma once
// A data directory made with the real adapters and filled with a short history, then closed as after a stop: what tools
// for operators work on. Commands go through a decider by hand; their frames are appended to the embedded log.

#include <filesystem>
#include <optional>
#include <string>

#include "domain/ids.h"
#include "tests/support/scratch_directory.h"

namespace countersign::testing {

class Installation {
 public:
  /// Brief: account "Example" with ada (a device, and an open code) and bob, who is disabled and erased a day later.
  /// Eventful: an hour afterwards ada activates a tablet with the open code and renames it; the code of her first
  /// device is revoked, and with it the device; she gets another code, which stays open; the policy is changed.
  enum class Past { brief, eventful };
  explicit Installation(Past past = Past::brief);

  std::filesystem::path directory() const { return scratch_.path() + "/data"; }
  std::filesystem::path master_file() const { return directory() / "master-key"; }
  domain::AccountId account;
  domain::ApiKeyId admin;
  domain::UserId ada, bob;
  domain::UnixMs before_bob_left = 0, end = 0;
  // Of an eventful past.
  domain::CodeId revoked_code, used_code, open_code;
  std::string revoked_code_text, open_code_text;
  domain::DeviceId phone, tablet;
  domain::UnixMs before_the_tablet = 0;
  std::uint64_t frames = 0;

 private:
  ScratchDirectory scratch_;
};

}  // namespace countersign::testing
