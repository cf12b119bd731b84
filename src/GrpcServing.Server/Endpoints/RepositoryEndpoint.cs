using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Responding;

namespace GrpcServing.Endpoints;

/// <summary>Which models there are, and loading and unloading them.</summary>
internal sealed class RepositoryEndpoint(ModelRepository repository, StatusMapping statuses)
{
    /// <summary>Every version that is known, then the models that were put into the directory since and never loaded.</summary>
    public RepositoryIndexResponse Index(string repositoryName, bool readyOnly)
    {
        RefuseOtherRepositories(repositoryName);
        var response = new RepositoryIndexResponse();
        foreach (var model in repository.Table.Models.Values.OrderBy(static model => model.Name, StringComparer.Ordinal))
        {
            foreach (var version in model.Versions)
            {
                if (readyOnly && version.State != VersionState.Ready) continue;
                response.Models.Add(new RepositoryIndexResponse.Types.ModelIndex
                {
                    Name = model.Name,
                    Version = version.Version == 0 ? "" : version.Version.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    State = StateName(version.State),
                    Reason = version.Reason,
                });
            }
        }
        if (readyOnly) return response;
        foreach (var model in repository.FindUnknown())
            response.Models.Add(new RepositoryIndexResponse.Types.ModelIndex { Name = model, State = StateName(VersionState.Unavailable), Reason = "not loaded: load it to serve it" });
        return response;
    }

    /// <summary>Loads or reloads a model from the repository directory; returns when it serves.</summary>
    /// <param name="parameters">Names of the request's parameters.</param>
    public async Task LoadAsync(string repositoryName, string model, IEnumerable<string> parameters)
    {
        RefuseOtherRepositories(repositoryName);
        foreach (var parameter in parameters)
            statuses.ThrowIfError(new ServingError(ErrorReason.Unsupported, $"load parameter '{CallerText.Clip(parameter)}' is not supported: change the model's directory ({CallerText.Clip(model)}/model.json, {CallerText.Clip(model)}/config.pbtxt) and load it again"));
        statuses.ThrowIfError(await repository.LoadAsync(model).ConfigureAwait(false));
    }

    /// <summary>Takes a model out of service; returns before requests under way are answered, as Triton does.</summary>
    public async Task UnloadAsync(string repositoryName, string model)
    {
        RefuseOtherRepositories(repositoryName);
        statuses.ThrowIfError(await repository.UnloadAsync(model).ConfigureAwait(false));
    }

    private static string StateName(VersionState state) => state switch
    {
        VersionState.Loading => "LOADING",
        VersionState.Ready => "READY",
        VersionState.Unloading => "UNLOADING",
        _ => "UNAVAILABLE",
    };

    private void RefuseOtherRepositories(string repositoryName)
    {
        if (repositoryName.Length > 0)
            statuses.ThrowIfError(new ServingError(ErrorReason.Unsupported, $"'repository_name' specification is not supported: there is one repository, found '{CallerText.Clip(repositoryName)}'"));
    }
}
