using Ambient.Routing.Messages;

namespace Ambient.Routing.Access;

/// <summary>One field of a rule, compiled.</summary>
internal delegate bool AccessTerm(RequestFacts facts);
