#pragma once
// An import's dry run: decides its chunks as the real one would, each over what the ones before it would have written,
// and writes nothing.
//
// Memory: the login names of rows that would be written, and the profiles of people who stand in the file several
// times; who stands there once is never looked for again.

#include <functional>
#include <map>
#include <string>

#include "adapters/commands/decider.h"
#include "domain/state_over.h"
#include "domain/user.h"

namespace countersign::operations {

class Rehearsal {
 public:
  /// `comes_again`: whether an address stands in the file more than once.
  using ComesAgain = std::function<bool(const std::string& email)>;
  Rehearsal(domain::AccountId account, ComesAgain comes_again)
      : account_(account), comes_again_(std::move(comes_again)) {}

  /// `now` as it would be after what was rehearsed. It must not outlive either of them.
  class Stage;
  Stage on(const projections::ViewState& now) const;
  /// What a rehearsed user's profile says; nothing for others.
  const domain::Personal* profile_of(domain::UserId user) const;
  domain::Decision<domain::ImportedUsers> decide(const projections::ViewState& now, const domain::Context& context,
                                                 const domain::ImportUsers& command);

 private:
  void fold(const Stage& before, const domain::NewEvent& event);

  const domain::AccountId account_;
  const ComesAgain comes_again_;
  std::map<domain::UserId, std::shared_ptr<const domain::User>> users_;
  std::map<domain::UserId, domain::Personal> profiles_;
  std::map<domain::Digest, domain::UserId> digests_;  ///< nil: nobody's any more
};

class Rehearsal::Stage final : public domain::StateOver {
 public:
  Stage(const Rehearsal& rehearsed, const projections::ViewState& now) : StateOver(now), rehearsed_(rehearsed) {}

  std::shared_ptr<const domain::User> user(domain::AccountId account, domain::UserId id) const override;
  std::optional<domain::DigestEntry> find(const domain::Digest& digest) const override;

 private:
  const Rehearsal& rehearsed_;
};

}  // namespace countersign::operations
