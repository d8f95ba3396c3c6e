"""Routes of data access."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_mlplatform.access.messages import (
    AuditPage,
    AuditQuery,
    Comment,
    DatasetPage,
    DelegationList,
    EventList,
    GrantList,
    NewDecision,
    NewDelegation,
    NewRequest,
    Options,
    OversightPage,
    OversightQuery,
    RequestList,
    Revocation,
    Role,
    Search,
    SearchPage,
    Suggesting,
    SuggestionList,
)
from jupyter_mlplatform.access.models import Audit, Delegation, Grant, Request
from jupyter_mlplatform.server.handlers import PlatformHandler, operation

RESOURCE = "mlplatform:access"


class OptionsHandler(PlatformHandler):
    """``/access/options``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Purposes and durations that a request may name", returns=Options)
    async def get(self) -> Options:
        """From the policy."""
        return await self.call(self.services.access.options, self.person)


class DatasetsHandler(PlatformHandler):
    """``/access/datasets``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Search the catalogue", query=Search, returns=SearchPage)
    async def get(self, query: Search) -> SearchPage:
        """Ranked, with facets."""
        return await self.call(self.services.access.search, self.person, query)


class DatasetHandler(PlatformHandler):
    """``/access/datasets/{dataset_id}``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("One dataset and my access to it", returns=DatasetPage)
    async def get(self, dataset_id: str) -> DatasetPage:
        """404 when it does not exist or is hidden."""
        return await self.call(self.services.access.dataset, self.person, dataset_id)


class SuggestionsHandler(PlatformHandler):
    """``/access/suggestions``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Datasets that somebody may mean who has typed this much", query=Suggesting, returns=SuggestionList)
    async def get(self, query: Suggesting) -> SuggestionList:
        """Quick enough for each key."""
        return await self.call(self.services.access.suggest, self.person, query.text)


class RequestsHandler(PlatformHandler):
    """``/access/requests``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("My requests, or the ones that wait for me", query=Role, returns=RequestList)
    async def get(self, query: Role) -> RequestList:
        """``role`` is ``mine`` or ``inbox``."""
        return await self.call(self.services.access.requests, self.person, query.role)

    @web.authenticated
    @authorized
    @operation("Ask for access", body=NewRequest, returns=Request, status=201)
    async def post(self, body: NewRequest) -> Request:
        """Idempotent by its key."""
        return await self.call(self.services.access.ask, self.person, body)


class RequestHandler(PlatformHandler):
    """``/access/requests/{request_id}``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("One request", returns=Request)
    async def get(self, request_id: str) -> Request:
        """Seen by its requester, its approvers and admins."""
        return await self.call(self.services.access.request, self.person, request_id)


class DecisionsHandler(PlatformHandler):
    """``/access/requests/{request_id}/decisions``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Approve, narrow, reject or ask for changes", body=NewDecision, returns=Request)
    async def post(self, request_id: str, body: NewDecision) -> Request:
        """403 for one's own request, 409 for a revision that is no longer current."""
        return await self.call(self.services.access.decide, self.person, request_id, body)


class WithdrawalHandler(PlatformHandler):
    """``/access/requests/{request_id}/withdrawal``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Withdraw my request", body=Comment, returns=Request)
    async def post(self, request_id: str, body: Comment) -> Request:
        """Only while it is open."""
        return await self.call(self.services.access.withdraw, self.person, request_id, body)


class DelegationsHandler(PlatformHandler):
    """``/access/delegations``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Who decides in my place, and in whose place I may decide", returns=DelegationList)
    async def get(self) -> DelegationList:
        """Those that are in force or to come."""
        return await self.call(self.services.access.delegations, self.person)

    @web.authenticated
    @authorized
    @operation("Let somebody else decide in my place for a while", body=NewDelegation, returns=Delegation, status=201)
    async def post(self, body: NewDelegation) -> Delegation:
        """It never lets anybody decide on an own request."""
        return await self.call(self.services.access.delegate, self.person, body)


class DelegationHandler(PlatformHandler):
    """``/access/delegations/{delegation_id}``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Take a delegation back, or give it up", returns=Delegation)
    async def delete(self, delegation_id: str) -> Delegation:
        """Ending what has been taken back already changes nothing."""
        return await self.call(self.services.access.end_delegation, self.person, delegation_id)


class GrantsHandler(PlatformHandler):
    """``/access/grants``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("My grants, or the ones on my datasets", query=Role, returns=GrantList)
    async def get(self, query: Role) -> GrantList:
        """``role`` is ``mine`` or ``owned``."""
        return await self.call(self.services.access.grants, self.person, query.role)


class RevocationHandler(PlatformHandler):
    """``/access/grants/{grant_id}/revocation``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Take a grant back, at once", body=Revocation, returns=Grant)
    async def post(self, grant_id: str, body: Revocation) -> Grant:
        """By the owner, an admin, or the subject (who gives it up)."""
        return await self.call(self.services.access.revoke, self.person, grant_id, body)


class EventsHandler(PlatformHandler):
    """``/access/events``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("The audit trail that concerns me", returns=EventList)
    async def get(self) -> EventList:
        """All of it for admins."""
        return await self.call(self.services.access.events, self.person)


class OversightHandler(PlatformHandler):
    """``/access/oversight``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Who holds grants on the datasets that I oversee", query=OversightQuery, returns=OversightPage)
    async def get(self, query: OversightQuery) -> OversightPage:
        """403 for who oversees none."""
        return await self.call(self.services.access.overseen, self.person, query)


class AuditHandler(PlatformHandler):
    """``/access/audit``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("The audit trail, looked through from its end", query=AuditQuery, returns=AuditPage)
    async def get(self, query: AuditQuery) -> AuditPage:
        """403 for who oversees no dataset; owners see what concerns them."""
        return await self.call(self.services.access.audited, self.person, query)


class VerificationHandler(PlatformHandler):
    """``/access/audit/verification``"""

    auth_resource = RESOURCE

    @web.authenticated
    @authorized
    @operation("Check the audit trail: the chain, its end, and the state against it", returns=Audit)
    async def get(self) -> Audit:
        """403 for who is no admin. Reads all of it: some seconds for some hundred thousand events."""
        return await self.call(self.services.access.verified, self.person)


ROUTES = [
    ("/access/options", OptionsHandler),
    ("/access/datasets", DatasetsHandler),
    ("/access/datasets/{dataset_id}", DatasetHandler),
    ("/access/requests", RequestsHandler),
    ("/access/requests/{request_id}", RequestHandler),
    ("/access/requests/{request_id}/decisions", DecisionsHandler),
    ("/access/requests/{request_id}/withdrawal", WithdrawalHandler),
    ("/access/delegations", DelegationsHandler),
    ("/access/delegations/{delegation_id}", DelegationHandler),
    ("/access/grants", GrantsHandler),
    ("/access/grants/{grant_id}/revocation", RevocationHandler),
    ("/access/events", EventsHandler),
    ("/access/suggestions", SuggestionsHandler),
    ("/access/oversight", OversightHandler),
    ("/access/audit", AuditHandler),
    ("/access/audit/verification", VerificationHandler),
]
