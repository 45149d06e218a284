#include "tests/support/installation.h"

#include <future>
#include <stdexcept>

#include "adapters/commands/decider.h"
#include "adapters/commands/draw.h"
#include "adapters/keys/log_identity.h"
#include "adapters/keys/random.h"
#include "adapters/queries/source_address.h"
#include "bus/embedded_log.h"
#include "bus/frame_reader.h"
#include "domain/slot.h"

namespace countersign::testing {
namespace {

using namespace countersign::commands;
using domain::PartyKind;

class Author {
 public:
  Author(const std::filesystem::path& directory, const keys::MasterKey& master)
      : keys(keys::KeyStore::open(directory / "keys", master, keys::KeyStore::Mode::create_if_missing)),
        lookup(keys->cluster().lookup.key),
        identity_(keys::log_identity(*keys)),
        log_({.directory = (directory / "log").string(), .identity = identity_, .reserve_bytes = 0}),
        acceptance_(identity_, keys->cluster().log.key.view(), {}),
        views_({.directory = (directory / "views").string(), .block_cache_bytes = 1 << 20}),
        decider_(published_, *keys, refusals_) {
    append(acceptance_.codec().encode(bus::Claim{bus::Term{1}, nonce_, bus::TimeMs{now}, "node", "http://localhost"}));
  }
  ~Author() { views_.flush(); }

  template <class Command>
  ResultOf<Command> run(const domain::Context& context, Command command) {
    Call call;
    call.context = context;
    call.context.ip_digest = queries::source_digest(lookup, context.ip);
    std::optional<Outcome<ResultOf<Command>>> outcome;
    TypedWork<Command> work(call, std::move(command), [&](auto settled) { outcome = std::move(settled); });
    const auto batch = decider_.begin(bus::TimeMs{now});
    batch->run(work);
    if (!batch->contents().empty()) {
      const auto& state = acceptance_.state();
      bus::Frame frame{state.term, nonce_, bus::next(state.last), state.head, bus::TimeMs{now}, {}, {}};
      for (const auto& event : batch->contents().events) frame.events.push_back(event);
      append(acceptance_.codec().encode(frame));
      decider_.publish(batch, acceptance_.state());
      decider_.land(batch);
    }
    work.settle({});
    if (!outcome->result) throw std::logic_error("refused: " + outcome->refusal->detail);
    return *outcome->result;
  }
  std::uint64_t frames() const { return bus::value(acceptance_.state().last); }

  domain::UnixMs now = 1'790'000'000'000;
  std::unique_ptr<keys::KeyStore> keys;
  keys::Lookup lookup;

 private:
  void append(std::string record) {
    std::promise<bus::Appended> written;
    log_.append(record, [&](bus::Appended appended) { written.set_value(appended); });
    const auto appended = written.get_future().get();
    if (appended.outcome != bus::AppendOutcome::durable) throw std::logic_error(appended.reason.message());
    const auto taken = acceptance_.take({appended.offset, record});
    if (taken.has_error() || !taken->has_value()) throw std::logic_error("an own record doesn't count");
  }
  bus::LogIdentity identity_;
  bus::Nonce nonce_{7};
  bus::EmbeddedLog log_;
  bus::Acceptance acceptance_;
  projections::Views views_;
  RefusalLog refusals_;
  Published published_{views_};
  CommandDecider decider_;
};

domain::Context by(domain::AccountId account, domain::Party actor) {
  domain::Context context;
  context.account = account;
  context.actor = actor;
  context.ip = "192.0.2.1";
  return context;
}

}  // namespace

Installation::Installation(Past past) {
  std::filesystem::create_directory(directory());
  Author author(directory(), keys::create_master_key(master_file()));
  account = commands::draw_account(author.now);
  if (author.keys->create_account_key(account) || author.keys->create_account_key(domain::system_account()))
    throw std::logic_error("no account keys");
  const auto system = by(domain::system_account(), {PartyKind::system, {}});
  author.run(system, domain::CreateSystemAccount{});
  const domain::DrawnKey key{keys::random_id<domain::ApiKeyId>(author.now),
                             draw_secret(author.lookup, domain::BearerKind::api_key, 0).digest};
  author.run(by(domain::system_account(), {PartyKind::root, {}}), domain::CreateAccount{"Example", {account}, {key}});
  admin = key.id;
  const auto by_admin = by(account, domain::party(key.id));
  const auto slot = domain::slot_of(account);
  const auto a_user = [&](const std::string& name) {
    const auto id = keys::random_id<domain::UserId>(author.now);
    if (author.keys->create_subject_keys(account, std::span(&id, 1))) throw std::logic_error("no subject key");
    domain::Personal personal;
    personal.first_name = name;
    personal.email = name + "@example.com";
    author.run(by_admin, domain::CreateUser{id, make_profile(author.lookup, account, personal, false)});
    return id;
  };
  const auto a_code = [&](domain::UserId id) {
    return author.run(by_admin, domain::GenerateCodes{{id}, 1, draw_codes(author.lookup, slot, 1, author.now)})
        .items[0];
  };
  const auto redeem = [&](const std::string& code, const std::string& device) {
    domain::DrawnActivation drawn{keys::random_uuid(author.now),
                                  draw_secret(author.lookup, domain::BearerKind::access_token, slot).digest,
                                  {},
                                  {}};
    drawn.device.device_name = device;
    author.run(by(domain::system_account(), {PartyKind::source, {}}),
               domain::RedeemCode{digest_of_code(author.lookup, code), slot, drawn});
    return domain::DeviceId{drawn.id};
  };
  ada = a_user("Ada");
  bob = a_user("Bob");
  const auto first = a_code(ada), second = a_code(ada);
  a_code(bob);
  author.now += 60'000;
  phone = redeem(first.text, "phone");
  before_bob_left = author.now;
  author.now += 24 * 3'600'000;
  author.run(by_admin, domain::SetUserDisabled{bob, true});
  author.run(by_admin, domain::EraseUser{bob});
  if (author.keys->erase_subject(account, bob)) throw std::logic_error("the key stays");
  if (past == Past::eventful) {
    before_the_tablet = author.now;
    author.now += 3'600'000;
    tablet = redeem(second.text, "tablet");
    author.now += 60'000;
    domain::Personal renamed;
    renamed.device_name = "Ada's \x1b[31mtablet";
    author.run(by_admin, domain::RenameDevice{tablet, renamed, 1, false});
    author.run(by_admin, domain::RevokeCode{first.id});
    const auto third = a_code(ada);
    domain::ProvisioningChange shorter;
    shorter.code_validity_value = 3;
    author.run(by_admin, domain::ChangeProvisioning{shorter, false});
    revoked_code = first.id;
    revoked_code_text = first.text;
    used_code = second.id;
    open_code = third.id;
    open_code_text = third.text;
  }
  end = author.now;
  frames = author.frames();
}

}  // namespace countersign::testing
