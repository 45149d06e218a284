#pragma once
// A decider over a real key store and real views in a scratch directory, run by hand: each command is a batch of its
// own that becomes durable, is published and lands. One account, with an administrator's key and whom the test makes.

#include <gtest/gtest.h>

#include "adapters/commands/decider.h"
#include "adapters/commands/draw.h"
#include "adapters/keys/random.h"
#include "domain/slot.h"
#include "tests/support/scratch_directory.h"

namespace countersign::commands::test {

class Desk {
 public:
  Desk() {
    check(keys_->create_account_key(domain::system_account()));
    check(keys_->create_account_key(account));
    run(as_system(), domain::CreateSystemAccount{});
    run(as_root(),
        domain::CreateAccount{
            "Example", {account}, {{admin_key, draw_secret(lookup, domain::BearerKind::api_key, 0).digest}}});
  }

  domain::UnixMs now = 1'790'000'000'000;
  const domain::AccountId account = draw_account(now);
  const domain::ApiKeyId admin_key{keys::random_uuid(now)};

  Call as_system() const {
    Call call;
    call.context.account = domain::system_account();
    call.context.actor = {domain::PartyKind::system, {}};
    return call;
  }
  Call as_root() const {
    auto call = as_system();
    call.context.actor = {domain::PartyKind::root, {}};
    return call;
  }
  Call as_admin() const {
    auto call = as_system();
    call.context.account = account;
    call.context.actor = domain::party(admin_key);
    call.context.role = domain::Role::admin;
    return call;
  }
  /// From the network, at 192.0.2.`host`.
  Call from(std::uint8_t host = 1) const {
    auto call = as_system();
    call.context.actor = {domain::PartyKind::source, {}};
    call.context.ip = "192.0.2." + std::to_string(host);
    call.context.ip_digest.emplace();
    call.context.ip_digest->fill(host);
    return call;
  }
  Call once(Call call, const std::string& key, const std::string& body) const {
    call.idempotency = idempotency_of(lookup, "POST /v1/test", key, body);
    return call;
  }

  template <class Command>
  Outcome<ResultOf<Command>> run(Call call, Command command, typename TypedWork<Command>::Render render = {},
                                 typename TypedWork<Command>::HandOut hand_out = {}) {
    Outcome<ResultOf<Command>> outcome;
    TypedWork<Command> work(
        std::move(call), std::move(command), [&](auto settled) { outcome = std::move(settled); }, std::move(render),
        std::move(hand_out));
    const auto batch = decider.begin(bus::TimeMs{now});
    batch->run(work);
    events = batch->contents().events.size();
    answers = batch->contents().answers.size();
    if (!batch->contents().empty()) {
      position_.last = bus::next(position_.last);
      position_.time = bus::TimeMs{now};
      decider.publish(batch, position_);
      decider.land(batch);
    }
    work.settle({{}, position_.last});
    return outcome;
  }

  domain::UserId a_user(const std::string& name) {
    const domain::UserId id{keys::random_uuid(now)};
    check(keys_->create_subject_keys(account, std::span(&id, 1)));
    domain::Personal personal;
    personal.first_name = name;
    personal.email = name + "@example.com";
    const auto made = run(as_admin(), domain::CreateUser{id, make_profile(lookup, account, personal, false)});
    EXPECT_TRUE(made.ok());
    return id;
  }
  domain::GeneratedCodes::Item a_code(domain::UserId user) {
    const auto made =
        run(as_admin(), domain::GenerateCodes{{user}, 1, draw_codes(lookup, domain::slot_of(account), 1, now)});
    EXPECT_TRUE(made.ok());
    return made.result->items.front();
  }
  domain::RedeemCode redemption(const std::string& code) const {
    return {digest_of_code(lookup, code),
            domain::slot_of(account),
            {keys::random_uuid(now), draw_secret(lookup, domain::BearerKind::access_token, 0).digest, {}}};
  }

  keys::KeyStore& key_store() { return *keys_; }

 private:
  static void check(const boost::system::error_code& error) { ASSERT_FALSE(error) << error.message(); }
  testing::ScratchDirectory scratch_;
  std::unique_ptr<keys::KeyStore> keys_ =
      keys::KeyStore::open(scratch_ / "keys", keys::random_master_key(), keys::KeyStore::Mode::create_if_missing);
  bus::AcceptanceState position_;

 public:
  const keys::Lookup lookup{keys_->cluster().lookup.key};
  projections::Views views{{.directory = scratch_ / "views", .block_cache_bytes = 1 << 20}};
  RefusalLog refusals;
  Published published{views};
  CommandDecider decider{published, *keys_, refusals};
  std::size_t events = 0, answers = 0;  ///< of the last command
};

}  // namespace countersign::commands::test
