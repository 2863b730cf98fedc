using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>Who was made with which Secrets and ConfigMaps. Not thread-safe.</summary>
internal sealed class ReferenceUses<TUser>
    where TUser : notnull
{
    private readonly SetIndex<ReferenceKey, TUser> _users = new();
    private readonly SetIndex<TUser, ReferenceKey> _used = new();

    /// <summary>What anybody uses.</summary>
    public IReadOnlyCollection<ReferenceKey> Keys => _users.Keys;

    /// <summary>Who uses it.</summary>
    public IReadOnlyCollection<TUser> Of(ReferenceKey reference) => _users.Of(reference);

    public void Note(TUser user, ReferenceKey reference)
    {
        _users.Add(reference, user);
        _used.Add(user, reference);
    }

    /// <summary>It uses nothing any more.</summary>
    public void Forget(TUser user)
    {
        foreach (ReferenceKey reference in _used.Of(user))
        {
            _users.Remove(reference, user);
        }

        _used.RemoveAll(user);
    }
}
