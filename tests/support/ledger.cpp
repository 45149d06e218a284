#include "tests/support/ledger.h"

#include <stdexcept>

#include "domain/event_shape.h"

namespace countersign::testing {

using namespace domain;

Digest digest_of(std::string_view name) {
  return bus::sha256("digest " + std::string(name));
}

Uuid uuid_of(std::string_view name) {
  const auto hash = bus::sha256(name);
  std::array<std::uint8_t, 10> random;
  std::copy_n(hash.begin(), random.size(), random.begin());
  return make_uuid7(1'790'000'000'000, random);
}

Ledger::Ledger() : state_(nothing_, {}, &overlay_) {
  run(CreateSystemAccount{}, as_system());
  run(CreateAccount{"Example", {account}, {{api_key("admin"), digest_of("key admin")}}}, as_root());
  for (const auto role : {Role::operator_, Role::auditor, Role::gateway, Role::siem, Role::scim}) {
    const std::string name = fb::EnumNameRole(role);
    run(CreateApiKey{{api_key(name), digest_of("key " + name)}, name, role, 0}, as(Role::admin));
  }
}

Context Ledger::as(Role role) const {
  Context context = nobody();
  context.actor = party(api_key(fb::EnumNameRole(role)));
  context.role = role;
  return context;
}

Context Ledger::as_root() const {
  Context context = nobody();
  context.account = system_account();
  context.actor = {PartyKind::root, {}};
  context.role = Role::root;
  return context;
}

Context Ledger::as_system() const {
  Context context = nobody();
  context.actor = {PartyKind::system, {}};
  return context;
}

Context Ledger::nobody() const {
  Context context;
  context.now = now;
  context.account = account;
  context.actor = {PartyKind::source, {}};
  context.ip = "192.0.2.1";
  context.user_agent = "test";
  return context;
}

void Ledger::record(std::vector<NewEvent> events, const Context& context) {
  for (auto& event : events) {
    // What no decision may do, whatever the test is about.
    const auto* shape = shape_of(event.type);
    if (!shape || shape->payload != event.payload.type || !may_seal(*shape, filled_fields(event.personal)))
      throw std::logic_error(std::string("an event isn't of its type's shape: ") + fb::EnumNameEventType(event.type) +
                             " with " + filled_fields(event.personal));
    const auto owner = event.account ? event.account : context.account;
    const auto known = state_.account(owner);
    event.personal.ip = context.ip;
    EventStamp stamp;
    stamp.id = EventId{uuid_of("event " + std::to_string(events_.size()))};
    stamp.account = owner;
    stamp.sequence = (known ? known->last_sequence : 0) + 1;
    stamp.time = context.now;
    stamp.actor = context.actor;
    stamp.role = context.role;
    const auto clear = encode_clear(event, stamp);
    events_.push_back(encode_event(clear, "sealed:" + encode_personal(event.personal)));
    const auto parsed = EventView::parse(events_.back());
    if (!parsed) throw std::logic_error("an encoded event can't be read");
    projections::reduce(overlay_, state_, {*parsed, bus::sha256(clear)}, events_.back());
  }
}

CodeStatus Ledger::status_of(std::string_view name) const {
  const auto located = state_.locate_code(account, code(name));
  if (!located) throw std::logic_error("there is no code " + std::string(name));
  if (located->ended_code) return located->ended_code->status;
  return effective_status(*state_.user(account, located->user)->code(code(name)), now);
}

std::optional<Activation> Ledger::the_activation(std::string_view name) const {
  const auto located = state_.locate_activation(account, activation(name));
  if (!located) return std::nullopt;
  if (located->ended_activation) return *located->ended_activation;
  return *state_.user(account, located->user)->activation(activation(name));
}

}  // namespace countersign::testing
