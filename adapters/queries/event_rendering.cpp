#include "adapters/queries/event_rendering.h"

#include "adapters/queries/correlation.h"
#include "adapters/queries/event_details.h"
#include "adapters/queries/position_text.h"
#include "domain/account.h"
#include "domain/event_catalogue.h"
#include "domain/found_authenticator.h"
#include "domain/hardware_token.h"
#include "domain/licence.h"
#include "domain/siem_destination.h"
#include "domain/user.h"
#include "projections/index/country.h"

namespace countersign::queries {

using domain::PartyKind;

std::string EventRenderer::display(domain::AccountId account, const domain::Party& party) {
  switch (party.kind) {
    case PartyKind::user: {
      const auto user = state_.user(account, domain::UserId{party.id});
      const auto profile = user ? opener_.profile(account, user->id, user->profile) : nullptr;
      if (!profile) return "(erased)";
      std::string name = profile->first_name;
      if (!name.empty() && !profile->last_name.empty()) name += ' ';
      name += profile->last_name;
      return name.empty() ? profile->email : name;
    }
    case PartyKind::api_key: {
      const auto key = state_.api_key(account, domain::ApiKeyId{party.id});
      const auto text = key ? opener_.of_account(account, key->name) : std::nullopt;
      return text ? text->name : "";
    }
    case PartyKind::account: {
      const auto known = state_.account(domain::AccountId{party.id});
      const auto text = known ? opener_.of_account(known->id, known->name) : std::nullopt;
      return text ? text->name : "";
    }
    case PartyKind::device: {
      const auto located = state_.locate_activation(account, party.id);
      const auto user = located ? state_.user(account, located->user) : nullptr;
      if (!user) return "";
      const auto* device = located->ended_activation ? located->ended_activation.get() : user->activation(party.id);
      const auto text = device ? opener_.of_user(account, user->id, device->device) : std::nullopt;
      return text ? text->device_name : "";
    }
    case PartyKind::authenticator: {
      const auto found = domain::find_authenticator(state_, account, domain::AuthenticatorId{party.id});
      const auto text = found ? opener_.of_user(account, found->user->id, found->authenticator->profile) : std::nullopt;
      return text ? text->name : "";
    }
    case PartyKind::licence: {
      const auto licence = state_.licence(account, domain::LicenceId{party.id});
      return licence ? licence->serial_number : "";
    }
    case PartyKind::hardware_token: {
      const auto token = state_.hardware_token(account, domain::HardwareTokenId{party.id});
      return token ? token->settings.serial_number : "";
    }
    case PartyKind::siem_destination: {
      const auto destination = state_.siem_destination(account, domain::SiemDestinationId{party.id});
      const auto text = destination ? opener_.of_account(account, destination->configuration) : std::nullopt;
      return text ? text->name : "";
    }
    case PartyKind::root: return "root key";
    case PartyKind::system: return "Countersign";
    default: return "";
  }
}

const std::string& EventRenderer::name(domain::AccountId account, const domain::Party& party) {
  const auto [it, fresh] = names_.try_emplace({party.kind, party.id});
  if (fresh) it->second = display(account, party);
  return it->second;
}

DisplayNames EventRenderer::names(const domain::EventView& event) {
  const auto of = [&](const domain::Party& party) {
    return party.kind == PartyKind::none ? std::string() : name(event.account(), party);
  };
  return {of(event.actor()), of(event.subject()), of(event.target())};
}

RenderedEvent EventRenderer::describe(const domain::EventView& event, bus::FrameNumber frame) {
  const auto personal = opener_.of_event(event).value_or(domain::Personal{});
  return queries::describe(event, personal, names(event), text_of(Position{log_, frame}));
}

namespace {

RenderedParty rendered(const domain::Party& party, std::string name) {
  if (party.kind == PartyKind::none) return {};
  return {party.kind, domain::party_text(party), std::move(name)};
}

}  // namespace

RenderedEvent describe(const domain::EventView& event, const domain::Personal& personal, DisplayNames names,
                       std::string position) {
  const auto& clear = event.clear();
  const auto session = domain::EventView::to_uuid(clear.session());
  return {.type = event.type(),
          .id = event.id().text(),
          .account = account_text(event.account()),
          .sequence = event.sequence(),
          .time = event.time(),
          .severity = domain::severity_of(event.type(), event.reason()),
          .success = clear.outcome() == domain::Outcome::success,
          .reason = domain::reason_text(event.reason()),
          .actor = rendered(event.actor(), std::move(names.actor)),
          .subject = rendered(event.subject(), std::move(names.subject)),
          .target = rendered(event.target(), std::move(names.target)),
          .ip = personal.ip,
          .user_agent = personal.user_agent,
          .country = projections::country_of_byte(projections::country_byte(clear.country())),
          .city = personal.city,
          .as_organization = personal.as_organization,
          .as_number = personal.as_number,
          .session = session.is_nil() ? "" : domain::SessionId{session}.text(),
          .correlation = correlation_text(domain::EventView::to_uuid(clear.correlation())),
          .details = event_details(event, personal),
          .position = std::move(position)};
}

}  // namespace countersign::queries
