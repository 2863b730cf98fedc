using Ambient.Mesh.Views;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Security = Ambient.Protocol.Istio.Security;
using Wire = Ambient.Protocol.Istio.Workload;

namespace Ambient.Xds.Mapping;

/// <summary>Puts one xDS resource into a batch of changes, or says why it cannot be used. Stateless; never throws.</summary>
/// <remarks>The protobuf library refuses some malformed wrapper messages with InvalidOperationException.</remarks>
public static class ResourceMapping
{
    /// <summary>A workload or a service.</summary>
    public static bool TryAddAddress(MeshBatch batch, Any resource, out string? error)
    {
        try
        {
            Wire.Address address = Wire.Address.Parser.ParseFrom(resource.Value);
            switch (address.TypeCase)
            {
                case Wire.Address.TypeOneofCase.Workload:
                    batch.Workloads.Add(WorkloadMapping.Map(address.Workload));
                    break;
                case Wire.Address.TypeOneofCase.Service:
                    batch.Services.Add(ServiceMapping.Map(address.Service));
                    break;
                default:
                    error = "unknown address type";
                    return false;
            }

            error = null;
            return true;
        }
        catch (Exception refused) when (refused is FieldException or InvalidProtocolBufferException or InvalidOperationException)
        {
            error = refused.Message;
            return false;
        }
    }

    /// <summary>A policy, kept under its resource name.</summary>
    public static bool TryAddAuthorization(MeshBatch batch, string name, Any resource, out string? error)
    {
        try
        {
            batch.Policies.Add((name, AuthorizationMapping.Map(Security.Authorization.Parser.ParseFrom(resource.Value))));
            error = null;
            return true;
        }
        catch (Exception refused) when (refused is FieldException or InvalidProtocolBufferException or InvalidOperationException)
        {
            error = refused.Message;
            return false;
        }
    }
}
